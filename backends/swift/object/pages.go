package object

import "filegate/backends/internal/buffers"

const (
	// pageSize is the smallest read outside of the window, in bytes. Swift needs the same time for
	// a page as for a byte, and clients with random reads (of a database, or of the table of
	// contents of an archive) read the same places again.
	pageSize = 32 << 10
	// pagesInBlock is the number of pages in a block of memory. pageBlocks is the number of blocks
	// that a file has for pages.
	pagesInBlock = buffers.BlockSize / pageSize
	pageBlocks   = 4
)

// pages caches the pages that were last read outside of the file's window. The file's mu guards it.
type pages struct {
	blocks [][]byte
	slots  map[int64]pageSlot // by offset / pageSize
	order  []int64            // index of the page in each slot of all blocks; -1: none
	next   int                // slot for the next page
}

// pageSlot is the place of a page in memory.
type pageSlot struct {
	slot int
	size int // less than pageSize at the end of a file
}

// read copies the cached bytes from off to at most the end of the page to p.
func (c *pages) read(p []byte, off int64) int {
	s, ok := c.slots[off/pageSize]
	if !ok || off%pageSize >= int64(s.size) {
		return 0
	}
	return copy(p, c.memory(s.slot)[off%pageSize:s.size])
}

func (c *pages) memory(slot int) []byte {
	at := slot % pagesInBlock * pageSize
	return c.blocks[slot/pagesInBlock][at : at+pageSize]
}

// keep caches the pages in data, which begins at off, the beginning of a page. It stops when there
// is no free memory.
func (c *pages) keep(b buffers.Account, data []byte, off int64) {
	for len(data) > 0 {
		n := min(len(data), pageSize)
		if !c.keepOne(b, data[:n], off/pageSize) {
			return
		}
		data, off = data[n:], off+int64(n)
	}
}

func (c *pages) keepOne(b buffers.Account, data []byte, page int64) bool {
	if _, ok := c.slots[page]; ok {
		return true
	}
	if c.next == len(c.blocks)*pagesInBlock && len(c.blocks) < pageBlocks {
		if block := b.Try(buffers.BlockSize); block != nil {
			c.blocks = append(c.blocks, block)
		}
	}
	if len(c.blocks) == 0 {
		return false
	}
	slot := c.next % (len(c.blocks) * pagesInBlock)
	c.next = slot + 1
	if c.slots == nil {
		c.slots = map[int64]pageSlot{}
	}
	if slot < len(c.order) {
		delete(c.slots, c.order[slot])
		c.order[slot] = page
	} else {
		c.order = append(c.order, page)
	}
	c.slots[page] = pageSlot{slot, copy(c.memory(slot), data)}
	return true
}

// drop gives back all memory, by calling put.
func (c *pages) drop(put func(...[]byte)) {
	if len(c.blocks) > 0 {
		put(c.blocks...)
	}
	*c = pages{}
}
