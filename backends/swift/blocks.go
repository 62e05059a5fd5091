package swift

import (
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// arenaBlocks is how many blocks are asked of the system at once.
	arenaBlocks = 64
	// trimAfter is how long memory must have been of no use before the system gets it back.
	trimAfter = 5 * time.Second
)

// blocks is the memory that a budget gives out. It lies outside of Go's heap: blocks are large and hold no pointers, and the collector lets a heap grow to
// twice of what is in use before it looks for garbage, which here would be the budget once more.
//
// Memory goes back to the system and the addresses stay: a block that somebody still reads by mistake is zeros, and no crash.
type blocks struct {
	mu    sync.Mutex
	arena []byte   // what has not been given out yet
	warm  [][]byte // with memory, the latest used last
	cold  [][]byte // without: the system gives zeros at the next touch
	least int      // the fewest warm ones since the last trim: nobody has needed those
	timer *time.Timer
}

// take returns a block. What was in it may still be in it.
func (b *blocks) take() []byte {
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
	block := b.arena[:blockSize:blockSize]
	b.arena = b.arena[blockSize:]
	return block
}

// put takes blocks back.
func (b *blocks) put(all ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.warm = append(b.warm, all...)
	if b.timer == nil {
		b.least = 0
		b.timer = time.AfterFunc(trimAfter, b.trim)
	}
}

// trim gives the memory of blocks back that were of no use lately, until there are no more.
func (b *blocks) trim() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return // close was faster, and has left none
	}
	b.cool(b.least)
	b.least = len(b.warm)
	if b.least == 0 {
		b.timer = nil
		return
	}
	b.timer.Reset(trimAfter)
}

// close gives the memory of all blocks back that nobody has.
func (b *blocks) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.cool(len(b.warm))
}

// cool gives the memory of the n warm blocks back that were not used for longest. It is called with mu held.
func (b *blocks) cool(n int) {
	for _, block := range b.warm[:n] {
		release(block)
	}
	b.cold = append(b.cold, b.warm[:n]...)
	b.warm = append(b.warm[:0], b.warm[n:]...)
}

func pop(list *[][]byte) ([]byte, bool) {
	n := len(*list)
	if n == 0 {
		return nil, false
	}
	block := (*list)[n-1]
	*list = (*list)[:n-1]
	return block, true
}

// newArena asks the system for memory, and Go where the system gives none in this way. The race detector sees only Go's, and makes it dear.
func newArena() []byte {
	if raceDetector {
		return make([]byte, blockSize)
	}
	const size = arenaBlocks * blockSize
	arena, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size)
	}
	return arena
}

// release gives the memory of a block back to the system. What fails leaves it as it is.
func release(block []byte) {
	if !raceDetector {
		_ = unix.Madvise(block, adviceRelease)
	}
}
