package buffers

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// arenaBlocks is how many blocks are requested from the system at a time.
	arenaBlocks = 64
	// trimAfter is how long memory must have been unused before it is returned to the system.
	trimAfter = 5 * time.Second
)

// pool holds the memory of a budget.
//
// Memory is returned to the system while its addresses stay valid. Reading a block by mistake after
// it was given back yields zeros, and does not crash.
type pool struct {
	mu    sync.Mutex
	arena []byte   // memory that has not been given out yet
	warm  [][]byte // unused blocks with memory, the latest used last
	cold  [][]byte // unused blocks without memory: reading them yields zeros
	least int      // smallest number of warm blocks since the last trim; so many were not needed
	timer *time.Timer
}

// take returns a block. It may still have its old content.
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

// trim returns the memory of blocks that were not needed lately to the system. It is repeated until
// all unused blocks are cold.
func (b *pool) trim() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return // close has been called, and has left no warm block
	}
	b.cool(b.least)
	b.least = len(b.warm)
	if b.least == 0 {
		b.timer = nil
		return
	}
	b.timer.Reset(trimAfter)
}

// close returns the memory of all unused blocks to the system.
func (b *pool) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.cool(len(b.warm))
}

// cool returns the memory of the n warm blocks that were used least recently to the system. It is
// called with mu held.
func (b *pool) cool(n int) {
	for _, block := range b.warm[:n] {
		release(block)
	}
	b.cold = append(b.cold, b.warm[:n]...)
	b.warm = append(b.warm[:0], b.warm[n:]...)
}

// pop removes the last block from a list and returns it.
func pop(list *[][]byte) ([]byte, bool) {
	n := len(*list)
	if n == 0 {
		return nil, false
	}
	block := (*list)[n-1]
	*list = (*list)[:n-1]
	return block, true
}

// newArena requests memory from the system, or from Go if the system refuses. Under the race
// detector it requests single blocks from Go, because the detector does not check other memory, and
// makes Go's memory expensive.
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

// release returns the memory of a block to the system. If that fails, the block keeps it.
func release(block []byte) {
	if !raceDetector {
		_ = unix.Madvise(block, adviceRelease)
	}
}
