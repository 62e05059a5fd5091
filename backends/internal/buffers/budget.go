// Package buffers allocates the memory of uploads and downloads from one budget for all sessions of
// the process, in blocks of one size, and small blocks for small files. Each user has an account in
// the budget. If memory is short, the user with the least memory is served first, and the requests
// of one user in their order. Meanwhile the sessions of the users with the most memory are asked to
// return unused blocks.
//
// # Decisions
//
// The memory is outside of Go's heap. Blocks are large and contain no pointers, but the garbage
// collector lets the heap grow to twice its live size, which would cost the budget a second time.
// Small blocks are in Go's heap.
//
// One goroutine asks holders for memory on behalf of all waiting requests, and asks no more holders
// than needed. It was simpler to let each waiting request ask, but with a thousand of them this
// made two million calls per second.
//
// A request that is larger than the free memory also blocks the smaller requests behind it:
// otherwise they would take forever the memory that it waits for.
package buffers

import (
	"bufio"
	"container/list"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// BlockSize is the size of a block in bytes. OpenSSH's largest packet fits into one.
	BlockSize = 256 << 10
	// SmallSize is the size of a small block in bytes.
	SmallSize = 4 << 10
	// MinMemory is the smallest useful budget, in bytes: enough for one upload at full speed.
	MinMemory = 16 << 20
	// ShedEvery is the interval at which holders are asked to shed while a caller of Get waits.
	ShedEvery = 500 * time.Millisecond
	// shedGap is the shortest time between two rounds of asking. Without it, each new waiter would
	// start a round.
	shedGap = 50 * time.Millisecond
)

// Budget allocates blocks of memory up to a limit.
type Budget struct {
	memory pool

	mu         sync.Mutex
	free       int64 // bytes that can still be allocated
	parties    map[string]*party
	waiting    int               // number of waiting requests
	wanted     int64             // bytes that they request
	arrivals   uint64            // number of requests that have had to wait
	granted    uint64            // number of those that were served
	holders    map[Holder]*party // value: the account
	reclaiming bool              // a goroutine is asking holders to shed
	news       chan struct{}     // tells that goroutine of a new waiter, or that there is none any more
	reclaimers sync.WaitGroup
	closed     chan struct{}
}

// party is the account of a user.
type party struct {
	name    string
	held    int64      // bytes
	holders int        // number of holders between Enter and Leave
	waiters *list.List // of *waiter
}

// waiter is a waiting request.
type waiter struct {
	size    int64
	arrival uint64
	ready   chan struct{} // closed when the request is served
}

// Holder holds blocks of a budget.
type Holder interface {
	// Shed gives back the blocks that are not in use, now or soon, and returns how many bytes that
	// will be. It must not block.
	Shed() int64
}

// New returns a budget of bytes, rounded down to whole blocks.
func New(bytes int64) *Budget {
	return &Budget{
		free:    bytes / BlockSize * BlockSize,
		parties: map[string]*party{},
		holders: map[Holder]*party{},
		news:    make(chan struct{}, 1),
		closed:  make(chan struct{}),
	}
}

// Account is a user's account in a budget.
type Account struct {
	budget *Budget
	user   string
}

// Account returns the account of a user. Accounts with the same name are the same account.
func (b *Budget) Account(user string) Account { return Account{b, user} }

// party returns the account's state. It is called with mu held.
func (a Account) party() *party {
	p := a.budget.parties[a.user]
	if p == nil {
		p = &party{name: a.user, waiters: list.New()}
		a.budget.parties[a.user] = p
	}
	return p
}

// forget removes an account that is empty. It is called with mu held.
func (b *Budget) forget(p *party) {
	if p.held == 0 && p.holders == 0 && p.waiters.Len() == 0 {
		delete(b.parties, p.name)
	}
}

// Enter adds h to the holders that are asked to shed.
func (a Account) Enter(h Holder) {
	b := a.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	p := a.party()
	p.holders++
	b.holders[h] = p
}

// Leave removes h from the holders that are asked to shed.
func (a Account) Leave(h Holder) {
	b := a.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.holders[h]; p != nil {
		delete(b.holders, h)
		p.holders--
		b.forget(p)
	}
}

// sizeFor returns the size of the block for a number of bytes.
func sizeFor(bytes int64) int64 {
	if bytes <= SmallSize {
		return SmallSize
	}
	return BlockSize
}

// block returns memory for a request that has been granted.
func (b *Budget) block(size int64) []byte {
	if size == SmallSize {
		return make([]byte, SmallSize)
	}
	return b.memory.take()
}

// first returns the account whose first request is served next, or nil. It is called with mu held.
func (b *Budget) first() *party {
	if b.waiting == 0 {
		return nil
	}
	var best *party
	for _, p := range b.parties {
		if p.waiters.Len() == 0 {
			continue
		}
		if best == nil || p.held < best.held || p.held == best.held && p.front().arrival < best.front().arrival {
			best = p
		}
	}
	return best
}

func (p *party) front() *waiter { return p.waiters.Front().Value.(*waiter) }

// take takes bytes from the budget unless another request comes first. It is called with mu held.
func (b *Budget) take(p *party, size int64) bool {
	if b.free < size || p.waiters.Len() > 0 {
		return false
	}
	if first := b.first(); first != nil && first.held <= p.held {
		return false
	}
	b.free -= size
	p.held += size
	return true
}

// Try returns a block for a number of bytes, at most BlockSize, or nil if the caller would have to
// wait.
func (a Account) Try(bytes int64) []byte {
	b, size := a.budget, sizeFor(bytes)
	b.mu.Lock()
	p := a.party()
	ok := b.take(p, size)
	b.forget(p)
	b.mu.Unlock()
	if !ok {
		return nil
	}
	return b.block(size)
}

// Get returns a block for a number of bytes, at most BlockSize. It waits for a block until ctx
// ends.
func (a Account) Get(ctx context.Context, bytes int64) ([]byte, error) {
	b, size := a.budget, sizeFor(bytes)
	b.mu.Lock()
	p := a.party()
	if b.take(p, size) {
		b.mu.Unlock()
		return b.block(size), nil
	}
	b.arrivals++
	mine := &waiter{size: size, arrival: b.arrivals, ready: make(chan struct{})}
	place := p.waiters.PushBack(mine)
	b.waiting, b.wanted = b.waiting+1, b.wanted+size
	b.reclaim()
	b.mu.Unlock()
	select {
	case <-mine.ready:
		return b.block(size), nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-mine.ready: // served meanwhile: the memory goes to the next request
		b.giveBack(p, size)
	default:
		p.waiters.Remove(place)
		b.served(size)
		b.grant() // the requests behind it may need less
	}
	b.forget(p)
	return nil, context.Cause(ctx)
}

// Put gives blocks back.
func (a Account) Put(blocks ...[]byte) {
	b := a.budget
	var large [][]byte
	var size int64
	for _, block := range blocks {
		size += int64(len(block))
		if len(block) == BlockSize {
			large = append(large, block)
		}
	}
	if len(large) > 0 {
		b.memory.put(large...)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p := a.party()
	b.giveBack(p, size)
	b.forget(p)
}

// giveBack returns bytes to the budget. It is called with mu held.
func (b *Budget) giveBack(p *party, size int64) {
	b.free += size
	p.held -= size
	b.grant()
}

// grant serves the next requests as long as there is memory. It is called with mu held.
func (b *Budget) grant() {
	for p := b.first(); p != nil; p = b.first() {
		w := p.front()
		if b.free < w.size {
			return
		}
		p.waiters.Remove(p.waiters.Front())
		b.free -= w.size
		p.held += w.size
		b.granted++
		b.served(w.size)
		close(w.ready)
	}
}

// served removes a waiting request from the counts. It is called with mu held.
func (b *Budget) served(size int64) {
	b.waiting, b.wanted = b.waiting-1, b.wanted-size
	if b.waiting == 0 {
		b.tell()
	}
}

// tell wakes the goroutine that asks holders to shed. It is called with mu held.
func (b *Budget) tell() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// reclaim makes a goroutine ask holders to shed until no request waits. It is called with mu held.
func (b *Budget) reclaim() {
	if b.reclaiming {
		b.tell()
		return
	}
	b.reclaiming = true
	b.reclaimers.Go(b.ask)
}

// ask asks holders to shed, in rounds. While no request is served, each round asks for twice as
// much as the one before, because what a holder has promised may take long to arrive.
func (b *Budget) ask() {
	gap, pause := time.NewTimer(shedGap), time.NewTimer(ShedEvery)
	defer gap.Stop()
	defer pause.Stop()
	factor, granted := int64(1), uint64(0)
	for {
		b.mu.Lock()
		if b.waiting == 0 {
			b.reclaiming = false
			b.mu.Unlock()
			return
		}
		if b.granted != granted {
			factor, granted = 1, b.granted
		}
		wanted := (b.wanted - b.free) * factor
		factor = min(2*factor, 1<<20)
		b.mu.Unlock()
		b.Shed(wanted)
		gap.Reset(shedGap)
		pause.Reset(ShedEvery)
		select {
		case <-gap.C:
		case <-b.closed:
			return
		}
		select {
		case <-b.news:
		case <-pause.C:
		case <-b.closed:
			return
		}
	}
}

// Shed asks holders to shed until they have promised a number of bytes. It begins with those of the
// accounts that have the most.
func (b *Budget) Shed(bytes int64) {
	type claim struct {
		holder Holder
		held   int64 // by its whole account
		name   string
	}
	b.mu.Lock()
	all := make([]claim, 0, len(b.holders))
	for h, p := range b.holders {
		all = append(all, claim{h, p.held, p.name})
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(x, y claim) int {
		if x.held != y.held {
			return int(min(max(y.held-x.held, -1), 1))
		}
		return strings.Compare(x.name, y.name)
	})
	for _, c := range all {
		if bytes <= 0 {
			return
		}
		bytes -= c.holder.Shed()
	}
}

// Usage describes the use of a budget at one moment.
type Usage struct {
	Free     int64 // bytes that can still be allocated
	Waiting  int   // number of waiting callers of Get
	Holders  int   // number of holders between Enter and Leave
	Accounts int   // number of accounts that are not empty
}

// Usage returns the current use of the budget.
func (b *Budget) Usage() Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Usage{Free: b.free, Waiting: b.waiting, Holders: len(b.holders), Accounts: len(b.parties)}
}

// Close returns the memory of all unused blocks to the system. No caller may request memory
// afterwards. Close must be called once.
func (b *Budget) Close() {
	close(b.closed)
	b.reclaimers.Wait()
	b.memory.close()
}

// DefaultMemory returns a quarter of the memory of the machine, or of the cgroup if its limit is
// lower, in bytes.
func DefaultMemory() int64 {
	total := int64(4 << 30) // if nothing can be read
	if n, ok := memTotal("/proc/meminfo"); ok {
		total = n
	}
	if raw, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return max(total/4, MinMemory)
}

// memTotal returns the memory of the machine, in bytes, from a file in the format of /proc/meminfo.
func memTotal(file string) (int64, bool) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kb << 10, err == nil
		}
	}
	return 0, false
}
