package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// spareHeap is how much garbage may lie beside what is in use, in bytes: Go's rule for a heap that is no larger than that.
	spareHeap = 16 << 20
	// leastPercent is how much garbage may lie beside what is in use where that is much more, in percent. It is not less, since each collection costs the
	// more the more there is in use.
	leastPercent = 25
	// tendEvery is how often the heap is looked at.
	tendEvery = time.Second
)

// tendHeap keeps the collector from letting a large heap grow to twice of what is in use, until ctx ends: with hundreds of sessions that would be hundreds
// of megabytes of packets that have been dealt with. They hold no pointers, so that to look for them more often costs little. What
// GOGC says in the environment is left as it is.
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

// heapPercent is how much garbage may lie beside so many bytes in use. It changes in large steps, since to set it stops the program for a moment.
func heapPercent(live uint64) int {
	percent := 100
	for percent > leastPercent && live*uint64(percent)/100 > spareHeap {
		percent /= 2
	}
	return percent
}
