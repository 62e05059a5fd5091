package main

import "testing"

func TestHeapPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 8 << 20: 100, 16 << 20: 100, 20 << 20: 50, 40 << 20: 25, 4 << 30: 25} {
		if got := heapPercent(live); got != want {
			t.Errorf("%d %% of garbage beside %d MiB in use, want %d %%", got, live>>20, want)
		}
	}
}
