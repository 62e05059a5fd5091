package buffers

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// drain takes all blocks that are to be had at once.
func drain(b *Budget) [][]byte {
	var all [][]byte
	for block := b.Try(); block != nil; block = b.Try() {
		all = append(all, block)
	}
	return all
}

func TestBudget(t *testing.T) {
	b := New(4*BlockSize + BlockSize/2)
	all := drain(b)
	if len(all) != 4 || len(all[0]) != BlockSize {
		t.Fatalf("%d blocks were given out, want 4", len(all))
	}
	b.Put(all[0])
	if block, err := b.Get(t.Context()); err != nil || len(block) != BlockSize {
		t.Errorf("get = %d bytes, %v", len(block), err)
	}
	b.Put(all...)
	if got := len(drain(b)); got != 4 {
		t.Errorf("%d blocks came back, want 4", got)
	}
}

// TestBudgetOrder has several wait, and gives out one block after the other.
func TestBudgetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		held := drain(b)
		served := make(chan int, 10)
		for i := range 5 {
			go func() {
				if _, err := b.Get(t.Context()); err != nil {
					t.Error(err)
				}
				served <- i
			}()
			synctest.Wait()
		}
		for i := range 5 {
			if i == 1 {
				// Who comes later, and would take a block at once, waits behind those that wait
				// already.
				if block := b.Try(); block != nil {
					t.Error("try took a block that others wait for")
				}
			}
			b.Put(held[0])
			synctest.Wait()
			select {
			case got := <-served:
				if got != i {
					t.Errorf("number %d was served, want %d: first come, first served", got, i)
				}
			default:
				t.Errorf("nobody was served for the block that came back, want %d", i)
			}
		}
	})
}

// TestBudgetCancel has waiters give up, before and just as they are served.
func TestBudgetCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(BlockSize)
		held := drain(b)
		cause := errors.New("the session has ended")
		for _, served := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			result := make(chan error)
			go func() {
				block, err := b.Get(ctx)
				if err == nil {
					b.Put(block)
				}
				result <- err
			}()
			synctest.Wait()
			if served { // both at once: whichever the waiter takes, the block must not be lost
				b.Put(held...)
			}
			cancel(cause)
			if err := <-result; err != nil && err != cause || err == nil && !served {
				t.Errorf("get of a session that has ended: %v", err)
			}
			if served {
				held = drain(b)
			}
			if len(held) != 1 || b.waiters.Len() != 0 {
				t.Fatalf("%d blocks are left and %d wait, want 1 and none", len(held), b.waiters.Len())
			}
		}
	})
}

// idler holds blocks to no use.
type idler struct {
	b    *Budget
	mu   sync.Mutex
	held [][]byte
	shot int
}

func (i *idler) Shed() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.shot++
	i.b.Put(i.held...)
	i.held = nil
}

func TestBudgetShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		i := &idler{b: b, held: drain(b)}
		b.Enter(i)
		if _, err := b.Get(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i.shot != 1 {
			t.Errorf("who holds memory to no use was asked %d times, want once", i.shot)
		}
		drain(b)
		ctx, cancel := context.WithTimeout(t.Context(), 10*ShedEvery+ShedEvery/2)
		defer cancel()
		if _, err := b.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get = %v", err)
		}
		if i.shot != 12 {
			t.Errorf("who holds memory was asked %d times in the time of ten", i.shot-1)
		}
		b.Leave(i)
		ctx, cancel = context.WithTimeout(t.Context(), ShedEvery)
		defer cancel()
		b.Get(ctx)
		if i.shot != 12 {
			t.Error("who has left is asked")
		}
	})
}

// TestBudgetRace lets many take, give back and give up. At the end all blocks are there, and at no
// time were there more.
func TestBudgetRace(t *testing.T) {
	const blocks = 5
	b := New(blocks * BlockSize)
	var out atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(200))*time.Microsecond)
				block, err := b.Get(ctx)
				if err == nil {
					if n := out.Add(1); n > blocks {
						t.Errorf("%d blocks of %d are out", n, blocks)
					}
					block[0]++
					out.Add(-1)
					b.Put(block)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if got := len(drain(b)); got != blocks || b.waiters.Len() != 0 {
		t.Errorf("%d blocks are left and %d wait, want %d and none", got, b.waiters.Len(), blocks)
	}
}

func TestMemTotal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "meminfo")
	for text, want := range map[string]int64{
		"MemTotal:       16314228 kB\nMemFree: 1 kB\n": 16314228 << 10,
		"Buffers: 1 kB\nMemTotal: 8 kB":                8 << 10,
		"MemTotal: lots\n":                             -1,
		"":                                             -1,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := memTotal(file); ok != (want >= 0) || ok && got != want {
			t.Errorf("memTotal of %q = %d, %v", text, got, ok)
		}
	}
	if _, ok := memTotal(file + ".missing"); ok {
		t.Error("a missing file tells the memory")
	}
	if got := DefaultMemory(); got < MinMemory {
		t.Errorf("the default is %d bytes", got)
	}
}
