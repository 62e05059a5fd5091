package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spareHeap is the garbage that may be in memory besides the live heap, in bytes. A smaller
	// heap keeps Go's default, 100 percent.
	spareHeap = 16 << 20
	// leastPercent is the lowest value for GOGC, for a large live heap. It is not lower, because
	// each collection scans the whole live heap.
	leastPercent = 25
	// tendEvery is the interval of the checks of the heap.
	tendEvery = time.Second
)

// tendHeap keeps a large heap from growing to twice its live size, as Go allows, until ctx ends.
// With many sessions, most garbage is processed packets: 200 parallel uploads over SFTP, with a
// memory budget of 256 MiB, peak at 1.5 GiB without tendHeap and at 1.0 GiB with it. More frequent
// collections cost little, because packets contain no pointers. A fixed GOGC would make a small
// gateway collect four times as often without a benefit, and GOMEMLIMIT needs a limit, which the
// operator would have to find. If GOGC is set in the environment, tendHeap does nothing.
func tendHeap(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	percent := 100
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			debug.SetGCPercent(100)
			return
		case <-ticker.C:
		}
		metrics.Read(live)
		if want := heapPercent(live[0].Value.Uint64()); want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
	}
}

// heapPercent returns the value of GOGC for a live heap of this many bytes. It changes in large
// steps, because setting it stops the program for a moment.
func heapPercent(live uint64) int {
	percent := 100
	for percent > leastPercent && live*uint64(percent)/100 > spareHeap {
		percent /= 2
	}
	return percent
}
