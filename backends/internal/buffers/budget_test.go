package buffers

import (
	"context"
	"errors"
	"fmt"
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
func drain(a Account) [][]byte {
	var all [][]byte
	for block := a.Try(BlockSize); block != nil; block = a.Try(BlockSize) {
		all = append(all, block)
	}
	return all
}

// is checks how a budget is used.
func is(t *testing.T, b *Budget, want Usage) {
	t.Helper()
	if got := b.Usage(); got != want {
		t.Errorf("the budget is used as %+v, want %+v", got, want)
	}
}

func TestBudget(t *testing.T) {
	b := New(4*BlockSize + BlockSize/2)
	a := b.Account("user")
	all := drain(a)
	if len(all) != 4 || len(all[0]) != BlockSize {
		t.Fatalf("%d blocks were given out, want 4", len(all))
	}
	a.Put(all[0])
	if block, err := a.Get(t.Context(), BlockSize); err != nil || len(block) != BlockSize {
		t.Errorf("get = %d bytes, %v", len(block), err)
	}
	a.Put(all...)
	is(t, b, Usage{Free: 4 * BlockSize})
	if got := len(drain(a)); got != 4 {
		t.Errorf("%d blocks came back, want 4", got)
	}
}

// TestSmallBlocks has what is small take little, so that there is much of it.
func TestSmallBlocks(t *testing.T) {
	b := New(2 * BlockSize)
	a := b.Account("user")
	var all [][]byte
	for _, size := range []int64{0, 1, SmallSize} {
		all = append(all, a.Try(size))
	}
	for i, block := range all {
		if len(block) != SmallSize {
			t.Fatalf("block %d has %d bytes, want %d", i, len(block), SmallSize)
		}
	}
	is(t, b, Usage{Free: 2*BlockSize - 3*SmallSize, Accounts: 1})
	large := a.Try(SmallSize + 1)
	if len(large) != BlockSize {
		t.Errorf("a block has %d bytes, want %d", len(large), BlockSize)
	}
	if a.Try(BlockSize) != nil {
		t.Error("more is given out than there is")
	}
	a.Put(append(all, large)...)
	is(t, b, Usage{Free: 2 * BlockSize})
}

// TestBudgetOrder has several of one user wait, and gives out one block after the other.
func TestBudgetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		defer b.Close()
		a := b.Account("user")
		held := drain(a)
		served := make(chan int, 10)
		for i := range 5 {
			go func() {
				if _, err := a.Get(t.Context(), BlockSize); err != nil {
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
				if block := a.Try(BlockSize); block != nil {
					t.Error("try took a block that others wait for")
				}
			}
			a.Put(held[0])
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

// TestBudgetFair has a user who holds nearly everything wait behind those who hold little, whoever
// came first.
func TestBudgetFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(10 * BlockSize)
		defer b.Close()
		hog, other, third := b.Account("hog"), b.Account("other"), b.Account("third")
		held := drain(hog)
		served := make(chan string, 100)
		get := func(a Account) {
			go func() {
				if _, err := a.Get(t.Context(), BlockSize); err != nil {
					t.Error(err)
				}
				served <- a.user
			}()
			synctest.Wait()
		}
		for _, a := range []Account{hog, hog, hog, other, other, third} {
			get(a)
		}
		for i, want := range []string{"other", "third", "other"} {
			hog.Put(held[i])
			synctest.Wait()
			if got := <-served; got != want {
				t.Errorf("block %d went to %q, want %q, who holds least", i, got, want)
			}
		}
		hog.Put(held[3])
		synctest.Wait()
		if got := <-served; got != "hog" {
			t.Errorf("%q was served, and only the one who holds most waits", got)
		}
		other.Put(held[4]) // which has two by now
		synctest.Wait()
		<-served
		other.Put(held[5])
		synctest.Wait()
		<-served
		is(t, b, Usage{Free: 0, Accounts: 2})
	})
}

// TestBudgetTryFair lets one who holds less go before those who wait and hold more.
func TestBudgetTryFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		defer b.Close()
		hog, other := b.Account("hog"), b.Account("other")
		held := hog.Try(BlockSize)
		small := hog.Try(1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go hog.Get(ctx, BlockSize) // which waits for the rest of a block
		synctest.Wait()
		if hog.Try(1) != nil {
			t.Error("one who waits already takes more")
		}
		block := other.Try(1)
		if len(block) != SmallSize {
			t.Error("one who holds nothing waits behind one who holds much")
		}
		cancel()
		synctest.Wait()
		other.Put(block)
		hog.Put(held, small)
		is(t, b, Usage{Free: 2 * BlockSize})
	})
}

// TestBudgetCancel has waiters give up, before and just as they are served.
func TestBudgetCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(BlockSize)
		defer b.Close()
		a := b.Account("user")
		held := drain(a)
		cause := errors.New("the session has ended")
		for _, served := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(t.Context())
			result := make(chan error)
			go func() {
				block, err := a.Get(ctx, BlockSize)
				if err == nil {
					a.Put(block)
				}
				result <- err
			}()
			synctest.Wait()
			if served { // both at once: whichever the waiter takes, the block must not be lost
				a.Put(held...)
			}
			cancel(cause)
			if err := <-result; err != nil && err != cause || err == nil && !served {
				t.Errorf("get of a session that has ended: %v", err)
			}
			if served {
				held = drain(a)
			}
			if len(held) != 1 {
				t.Fatalf("%d blocks are left, want 1", len(held))
			}
			is(t, b, Usage{Accounts: 1})
		}
	})
}

// TestBudgetCancelLarge has one give up who waits for much, before one who waits for little.
func TestBudgetCancelLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		defer b.Close()
		a := b.Account("user")
		a.Try(BlockSize)
		a.Try(1)
		ctx, cancel := context.WithCancel(t.Context())
		go a.Get(ctx, BlockSize)
		synctest.Wait()
		served := make(chan int)
		go func() {
			block, _ := a.Get(t.Context(), 1)
			served <- len(block)
		}()
		synctest.Wait()
		cancel()
		if got := <-served; got != SmallSize {
			t.Errorf("it gets %d bytes", got)
		}
	})
}

// idler holds blocks to no use.
type idler struct {
	a    Account
	mu   sync.Mutex
	held [][]byte
	shot int
}

func (i *idler) Shed() (bytes int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.shot++
	for _, b := range i.held {
		bytes += int64(len(b))
	}
	i.a.Put(i.held...)
	i.held = nil
	return bytes
}

func TestBudgetShed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2 * BlockSize)
		defer b.Close()
		a := b.Account("user")
		i := &idler{a: a, held: drain(a)}
		a.Enter(i)
		if _, err := a.Get(t.Context(), BlockSize); err != nil {
			t.Fatal(err)
		}
		if i.shot != 1 {
			t.Errorf("who holds memory to no use was asked %d times, want once", i.shot)
		}
		time.Sleep(time.Minute)
		drain(a)
		ctx, cancel := context.WithTimeout(t.Context(), 10*ShedEvery+ShedEvery/2)
		defer cancel()
		if _, err := a.Get(ctx, BlockSize); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("get = %v", err)
		}
		if i.shot < 8 || i.shot > 12 {
			t.Errorf("who holds memory was asked %d times in the time of ten", i.shot-1)
		}
		before := i.shot
		a.Leave(i)
		ctx, cancel = context.WithTimeout(t.Context(), ShedEvery)
		defer cancel()
		a.Get(ctx, BlockSize)
		if i.shot != before {
			t.Error("who has left is asked")
		}
	})
}

// TestBudgetManyWaiters has a thousand wait, beside a thousand who hold memory and need it. That is
// no work.
func TestBudgetManyWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 1000
		b := New(many * BlockSize)
		defer b.Close()
		a := b.Account("user")
		var all []*idler
		blocks := drain(a)
		for range many {
			i := &idler{a: a}
			all = append(all, i)
			a.Enter(i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range many {
			wg.Go(func() { a.Get(ctx, BlockSize) })
		}
		wg.Wait()
		calls := 0
		for _, i := range all {
			calls += i.shot
			a.Leave(i)
		}
		if most := 25 * many; calls > most || calls < many {
			t.Errorf("those who hold memory were asked %d times in ten seconds, want some, and %d at most", calls, most)
		}
		a.Put(blocks...)
		time.Sleep(time.Minute) // the goroutine that asks ends
		is(t, b, Usage{Free: many * BlockSize})
	})
}

// TestBudgetShedsWhoHoldsMost asks the user that holds most first, and nobody when that is enough.
func TestBudgetShedsWhoHoldsMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(10 * BlockSize)
		defer b.Close()
		hog, other := b.Account("hog"), b.Account("other")
		small := &idler{a: other, held: [][]byte{other.Try(BlockSize)}}
		other.Enter(small)
		var large []*idler
		for range 9 {
			i := &idler{a: hog, held: [][]byte{hog.Try(BlockSize)}}
			hog.Enter(i)
			large = append(large, i)
		}
		if _, err := other.Get(t.Context(), BlockSize); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, i := range large {
			asked += i.shot
		}
		if asked != 1 || small.shot != 0 {
			t.Errorf("for one block %d of the user with most were asked, and %d of the other", asked, small.shot)
		}
	})
}

// TestBudgetPromises has a holder promise memory that does not come. The others are asked, too.
func TestBudgetPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(10 * BlockSize)
		defer b.Close()
		a, other := b.Account("user"), b.Account("other")
		i := &idler{a: other, held: [][]byte{other.Try(BlockSize)}}
		drain(a)
		a.Enter(promise(4 * BlockSize))
		other.Enter(i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := a.Get(ctx, BlockSize); err != nil {
			t.Errorf("it waits for what was promised: %v", err)
		}
	})
}

// promise is a holder that only promises.
type promise int64

func (p promise) Shed() int64 { return int64(p) }

// TestBudgetRace lets many take, give back and give up. At the end all blocks are there, and at no
// time were there more.
func TestBudgetRace(t *testing.T) {
	const blocks = 5
	b := New(blocks * BlockSize)
	var out atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		a := b.Account(fmt.Sprint(i % 3))
		wg.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(200))*time.Microsecond)
				block, err := a.Get(ctx, int64(n%2*BlockSize))
				if err == nil {
					if n := out.Add(int64(len(block))); n > blocks*BlockSize {
						t.Errorf("%d bytes of %d are out", n, blocks*BlockSize)
					}
					block[0]++
					out.Add(-int64(len(block)))
					a.Put(block)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	is(t, b, Usage{Free: blocks * BlockSize})
	b.Close()
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
