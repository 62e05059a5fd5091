package object

import "filegate/backends/internal/buffers"

const (
	// pageSize is what is read at once at least for a read apart from the window, in bytes: Swift
	// takes as long for a page as for a byte, and whoever jumps around in a file (an archive's
	// table of contents, a database) comes back to the same places.
	pageSize = 32 << 10
	// pagesInBlock is how many of them lie in a block of memory, and pageBlocks how many blocks a
	// file has for them.
	pagesInBlock = buffers.BlockSize / pageSize
	pageBlocks   = 4
)

// pages keeps the latest pages that were read of a file apart from its window. The file's mu guards
// it.
type pages struct {
	blocks [][]byte
	slots  map[int64]pageSlot // by offset / pageSize
	order  []int64            // which page lies in which slot, of all blocks; -1: none
	next   int                // the slot that the next page takes
}

// pageSlot is where a page lies.
type pageSlot struct {
	slot int
	size int // less than pageSize at the end of a file
}

// read copies what is there from off on, to the end of its page at most.
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

// keep keeps the pages in data, which begins at off, the beginning of a page. It takes memory as
// there is some.
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

// drop gives all memory back, by put.
func (c *pages) drop(put func(...[]byte)) {
	if len(c.blocks) > 0 {
		put(c.blocks...)
	}
	*c = pages{}
}
