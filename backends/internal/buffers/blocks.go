package buffers

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// arenaBlocks is how many blocks the system is asked for at once.
	arenaBlocks = 64
	// trimAfter is how long memory must have been unused before the system gets it back.
	trimAfter = 5 * time.Second
)

// pool holds the memory that a budget gives out.
//
// Memory goes back to the system and the addresses stay valid: to read a block by mistake after it
// was given back yields zeros, and no crash.
type pool struct {
	mu    sync.Mutex
	arena []byte   // has not been given out yet
	warm  [][]byte // blocks that have memory, the latest used last
	cold  [][]byte // blocks without memory: the system gives zeros at the next touch
	least int      // the fewest warm blocks since the last trim: so many were not needed
	timer *time.Timer
}

// take returns a block. Its old content may still be in it.
func (b *pool) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if block, ok := pop(&b.warm); ok {
		b.least = min(b.least, len(b.warm))
		return block
	}
	if block, ok := pop(&b.cold); ok {
		return block
	}
	if len(b.arena) == 0 {
		b.arena = newArena()
	}
	block := b.arena[:BlockSize:BlockSize]
	b.arena = b.arena[BlockSize:]
	return block
}

// put takes blocks back.
func (b *pool) put(all ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.warm = append(b.warm, all...)
	if b.timer == nil {
		b.least = 0
		b.timer = time.AfterFunc(trimAfter, b.trim)
	}
}

// trim gives the memory of blocks that were not needed lately back to the system, again and again
// until all blocks are cold.
func (b *pool) trim() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return // close was faster, and has left no warm block
	}
	b.cool(b.least)
	b.least = len(b.warm)
	if b.least == 0 {
		b.timer = nil
		return
	}
	b.timer.Reset(trimAfter)
}

// close gives the memory of all blocks that are not in use back to the system.
func (b *pool) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.cool(len(b.warm))
}

// cool gives the memory of the n warm blocks that were used least recently back to the system. It
// is called with mu held.
func (b *pool) cool(n int) {
	for _, block := range b.warm[:n] {
		release(block)
	}
	b.cold = append(b.cold, b.warm[:n]...)
	b.warm = append(b.warm[:0], b.warm[n:]...)
}

// pop takes the last block off a list.
func pop(list *[][]byte) ([]byte, bool) {
	n := len(*list)
	if n == 0 {
		return nil, false
	}
	block := (*list)[n-1]
	*list = (*list)[:n-1]
	return block, true
}

// newArena asks the system for memory, and Go where the system refuses. Under the race detector the
// memory is Go's, a block at a time: the detector sees no other, and makes this one dear.
func newArena() []byte {
	if raceDetector {
		return make([]byte, BlockSize)
	}
	const size = arenaBlocks * BlockSize
	arena, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size)
	}
	return arena
}

// release gives the memory of a block back to the system. Where that fails the block keeps it.
func release(block []byte) {
	if !raceDetector {
		_ = unix.Madvise(block, adviceRelease)
	}
}
