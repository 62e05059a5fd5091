package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spareHeap is how much garbage may lie beside the live heap, in bytes. A heap with no more
	// than that is left to Go's own rule.
	spareHeap = 16 << 20
	// leastPercent is how much garbage may lie beside a large live heap, in percent of it. It is
	// not less, since a collection costs more the more is in use.
	leastPercent = 25
	// tendEvery is how often the heap is looked at.
	tendEvery = time.Second
)

// tendHeap keeps a large heap from growing to twice of what is in use, as Go lets it, until ctx
// ends. The garbage of many sessions is packets that have been dealt with: 200 uploads at once over
// SFTP, with a memory budget of 256 MiB, peak at 1.5 GiB without this and at 1.0 GiB with it.
// Packets hold no pointers, so that it costs little to look for them more often. A fixed GOGC would
// make a small gateway collect four times as often for nothing, and GOMEMLIMIT would need a limit
// that nobody knows. Where the environment has GOGC, it is left as it is.
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

// heapPercent returns how much garbage may lie beside so many live bytes, in percent. It changes in
// large steps, since to set it stops the program for a moment.
func heapPercent(live uint64) int {
	percent := 100
	for percent > leastPercent && live*uint64(percent)/100 > spareHeap {
		percent /= 2
	}
	return percent
}
