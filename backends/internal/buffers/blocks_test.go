package buffers

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestBlocksTrim has memory that nobody needs any more go back to the system, and none that is in
// use.
func TestBlocksTrim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b pool
		look := func() (warm, cold int, timer bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return len(b.warm), len(b.cold), b.timer != nil
		}
		var held [][]byte
		for range 3 * arenaBlocks / 2 {
			held = append(held, b.take())
		}
		kept, held := held[0], held[1:]
		copy(kept, "mine")
		copy(held[0], "old")
		b.put(held...)
		time.Sleep(trimAfter + time.Second) // the first look finds that they were in use since
		synctest.Wait()
		if warm, _, _ := look(); warm != len(held) {
			t.Fatalf("after one look %d of %d blocks have memory: what was in use just now is kept", warm, len(held))
		}
		again := b.take()
		b.put(again)
		time.Sleep(trimAfter)
		synctest.Wait()
		if warm, cold, _ := look(); warm != 1 || cold != len(held)-1 {
			t.Fatalf("of %d blocks %d have memory and %d not: one of them was used", len(held), warm, cold)
		}
		time.Sleep(2 * trimAfter)
		synctest.Wait()
		if warm, _, timer := look(); warm != 0 || timer {
			t.Errorf("%d blocks still have memory, and somebody looks for more: %v", warm, timer)
		}
		if string(kept[:4]) != "mine" {
			t.Error("a block that is in use has lost its content")
		}
		if !raceDetector && string(held[0][:3]) == "old" {
			t.Error("the system did not get the memory back")
		}
		for range len(held) {
			if block := b.take(); len(block) != BlockSize || cap(block) != BlockSize {
				t.Fatalf("a block has %d bytes of %d", len(block), cap(block))
			}
		}
		if !raceDetector && len(b.arena) != 2*arenaBlocks*BlockSize-(len(held)+1)*BlockSize {
			t.Error("new memory was asked for while there was some without use")
		}
	})
}

// TestBlocksTrimLate has a look at the memory come when all of it has been given back already.
func TestBlocksTrimLate(t *testing.T) {
	var b pool
	b.put(b.take(), b.take(), b.take())
	b.mu.Lock()
	b.least = 3
	b.mu.Unlock()
	b.close()
	b.trim()
	if len(b.warm) != 0 || len(b.cold) != 3 {
		t.Errorf("%d blocks have memory, and %d none, want 3 without", len(b.warm), len(b.cold))
	}
}
