// Package buffers gives out the memory of uploads and downloads: blocks of one size, from one budget
// for all sessions of the process. A session that wants a block when there is none waits, first come
// first served, and meanwhile the sessions that hold blocks are asked to give back idle ones.
//
// # Decisions
//
// The memory lies outside of Go's heap. Blocks are large and hold no pointers, and the collector lets
// a heap grow to twice of what is in use before it looks for garbage: that would be the budget once
// more.
package buffers

import (
	"bufio"
	"container/list"
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// BlockSize is the size of a block in bytes. OpenSSH's largest packet fits into one.
	BlockSize = 256 << 10
	// MinMemory is the least budget that is of use, in bytes: one upload at full speed.
	MinMemory = 16 << 20
	// ShedEvery is how often holders are asked to shed while a caller of Get waits.
	ShedEvery = 500 * time.Millisecond
)

// Budget gives out blocks of memory.
type Budget struct {
	memory pool

	mu      sync.Mutex
	free    int        // blocks that may still be given out
	waiters *list.List // of chan struct{}, each closed when its owner may take a block
	holders map[Holder]struct{}
}

// Holder holds blocks of a budget.
type Holder interface {
	// Shed gives back, now or soon, the blocks that are not being worked on. It does not wait.
	Shed()
}

// New returns a budget of as many whole blocks as fit into bytes.
func New(bytes int64) *Budget {
	return &Budget{
		free:    int(bytes / BlockSize),
		waiters: list.New(),
		holders: map[Holder]struct{}{},
	}
}

// Enter adds h to the holders that are asked to shed.
func (b *Budget) Enter(h Holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders[h] = struct{}{}
}

// Leave takes h away from the holders that are asked to shed.
func (b *Budget) Leave(h Holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.holders, h)
}

// Try returns a block, or nil where a caller would have to wait for one.
func (b *Budget) Try() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free == 0 || b.waiters.Len() > 0 {
		return nil
	}
	b.free--
	return b.memory.take()
}

// Get returns a block, and waits for one until ctx ends.
func (b *Budget) Get(ctx context.Context) ([]byte, error) {
	b.mu.Lock()
	if b.free > 0 && b.waiters.Len() == 0 {
		b.free--
		b.mu.Unlock()
		return b.memory.take(), nil
	}
	mine := make(chan struct{})
	place := b.waiters.PushBack(mine)
	b.mu.Unlock()
	ticker := time.NewTicker(ShedEvery)
	defer ticker.Stop()
	for {
		b.Shed()
		select {
		case <-mine:
			return b.memory.take(), nil
		case <-ticker.C:
		case <-ctx.Done():
			b.mu.Lock()
			select {
			case <-mine: // given meanwhile: it goes to the next
				b.give()
			default:
				b.waiters.Remove(place)
			}
			b.mu.Unlock()
			return nil, context.Cause(ctx)
		}
	}
}

// Put gives blocks back.
func (b *Budget) Put(blocks ...[]byte) {
	b.memory.put(blocks...)
	b.mu.Lock()
	defer b.mu.Unlock()
	for range blocks {
		b.give()
	}
}

// give lets the first waiter take a block, or else counts it as free. It is called with mu held.
func (b *Budget) give() {
	if first := b.waiters.Front(); first != nil {
		close(b.waiters.Remove(first).(chan struct{}))
		return
	}
	b.free++
}

// Usage says how a budget is used at one moment.
type Usage struct {
	Free    int // blocks that may still be given out
	Waiting int // callers of Get that wait
	Holders int // between Enter and Leave
}

// Usage returns how the budget is used at the moment.
func (b *Budget) Usage() Usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Usage{Free: b.free, Waiting: b.waiters.Len(), Holders: len(b.holders)}
}

// Close gives the memory of all blocks that are not in use back to the system.
func (b *Budget) Close() { b.memory.close() }

// Shed asks all holders to shed.
func (b *Budget) Shed() {
	b.mu.Lock()
	all := make([]Holder, 0, len(b.holders))
	for h := range b.holders {
		all = append(all, h)
	}
	b.mu.Unlock()
	for _, h := range all {
		h.Shed()
	}
}

// DefaultMemory returns a quarter of the memory of the machine, or of the cgroup where that is less,
// in bytes.
func DefaultMemory() int64 {
	total := int64(4 << 30) // where nothing can be read
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

// memTotal reads the memory of the machine, in bytes, from a file in the form of /proc/meminfo.
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
