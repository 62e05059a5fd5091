package swift

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
	// blockSize is the unit in which memory is given out, in bytes. OpenSSH's largest packet fits into one.
	blockSize = 256 * kib
	// minMemory is the least budget that is of use: one upload at full speed.
	minMemory = 16 * mib
	// shedEvery is how often those who hold memory are asked for it while somebody waits.
	shedEvery = 500 * time.Millisecond
)

// budget gives out blocks of memory for upload and read-ahead buffers, to all sessions of a process, first come first served.
// Whoever waits makes the others give back what they hold to no use.
type budget struct {
	memory blocks

	mu      sync.Mutex
	free    int        // blocks that may still be given out
	waiters *list.List // of chan struct{}, each closed when a block is its owner's
	holders map[holder]struct{}
}

// holder is who has blocks of a budget.
type holder interface {
	// shed gives back, now or soon, the blocks that nobody is working on. It does not wait.
	shed()
}

func newBudget(bytes int64) *budget {
	return &budget{
		free:    int(bytes / blockSize),
		waiters: list.New(),
		holders: map[holder]struct{}{},
	}
}

// enter makes h one of those who are asked to shed, until leave.
func (b *budget) enter(h holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holders[h] = struct{}{}
}

func (b *budget) leave(h holder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.holders, h)
}

// try returns a block, or nil when there is none to be had at once.
func (b *budget) try() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free == 0 || b.waiters.Len() > 0 {
		return nil
	}
	b.free--
	return b.memory.take()
}

// get returns a block, and waits for one as long as ctx lasts.
func (b *budget) get(ctx context.Context) ([]byte, error) {
	b.mu.Lock()
	if b.free > 0 && b.waiters.Len() == 0 {
		b.free--
		b.mu.Unlock()
		return b.memory.take(), nil
	}
	mine := make(chan struct{})
	place := b.waiters.PushBack(mine)
	b.mu.Unlock()
	ticker := time.NewTicker(shedEvery)
	defer ticker.Stop()
	for {
		b.shed()
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

// put gives blocks back.
func (b *budget) put(blocks ...[]byte) {
	b.memory.put(blocks...)
	b.mu.Lock()
	defer b.mu.Unlock()
	for range blocks {
		b.give()
	}
}

// give makes one block free, or the first waiter's. It is called with mu held.
func (b *budget) give() {
	if first := b.waiters.Front(); first != nil {
		close(b.waiters.Remove(first).(chan struct{}))
		return
	}
	b.free++
}

// close gives all memory back that nobody has.
func (b *budget) close() { b.memory.close() }

func (b *budget) shed() {
	b.mu.Lock()
	all := make([]holder, 0, len(b.holders))
	for h := range b.holders {
		all = append(all, h)
	}
	b.mu.Unlock()
	for _, h := range all {
		h.shed()
	}
}

// defaultMemory is a quarter of what the machine has, or the cgroup where that is less, in bytes.
func defaultMemory() int64 {
	total := int64(4 * gib) // where nothing can be read
	if n, ok := memTotal("/proc/meminfo"); ok {
		total = n
	}
	if raw, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return max(total/4, minMemory)
}

// memTotal reads the machine's memory from a file in the form of /proc/meminfo.
func memTotal(file string) (int64, bool) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kb * kib, err == nil
		}
	}
	return 0, false
}
