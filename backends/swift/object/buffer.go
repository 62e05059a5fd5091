package object

import (
	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
)

// buffer is what has been written of a file and not sealed: bytes in any order, in blocks of the budget
// that all writers and readers share. The writer's mu guards it.
type buffer struct {
	memory buffers.Account
	blocks map[int64][]byte // by offset / buffers.BlockSize; of each, the bytes that dirty names
	dirty  spans.Set        // what has been written and not sealed; it lies over the layout
	held   int              // blocks that the writer has, those of segments under way included
}

// try returns memory for so many bytes, or nil where there is none at once.
func (b *buffer) try(size int64) []byte {
	block := b.memory.Try(size)
	if block != nil {
		b.held++
	}
	return block
}

// grow makes fresh the i'th block of the file, with the bytes of the one that it takes the place of.
// Where that is as large, fresh goes back.
func (b *buffer) grow(i int64, fresh []byte) {
	old := b.blocks[i]
	if len(old) >= len(fresh) {
		b.free(fresh)
		return
	}
	copy(fresh, old)
	b.blocks[i] = fresh
	if old != nil {
		b.free(old)
	}
}

// take takes out the bytes from off to end, all of them dirty, for a segment. The blocks go back with
// free when the segment has been sent.
func (b *buffer) take(off, end int64) (data api.Pieces, blocks [][]byte) {
	b.dirty.Remove(off, end)
	for at := off; at < end; {
		i := at / buffers.BlockSize
		hi := min(end, (i+1)*buffers.BlockSize)
		part := b.blocks[i][at-i*buffers.BlockSize : hi-i*buffers.BlockSize]
		if b.dirty.Touches(i*buffers.BlockSize, (i+1)*buffers.BlockSize) {
			part = append([]byte(nil), part...) // the rest of the block is still being written
		} else {
			blocks = append(blocks, b.blocks[i])
			delete(b.blocks, i)
		}
		data = append(data, part)
		at = hi
	}
	return data, blocks
}

// drop forgets the bytes from size to end, which is that of the file.
func (b *buffer) drop(size, end int64) {
	b.dirty.Remove(size, end)
	for i, block := range b.blocks {
		if !b.dirty.Touches(i*buffers.BlockSize, (i+1)*buffers.BlockSize) {
			delete(b.blocks, i)
			b.free(block)
		}
	}
}

// empty gives all blocks back.
func (b *buffer) empty() {
	for i, block := range b.blocks {
		delete(b.blocks, i)
		b.free(block)
	}
}

// free gives blocks back.
func (b *buffer) free(blocks ...[]byte) {
	b.held -= len(blocks)
	b.memory.Put(blocks...)
}

// copyTo copies what is dirty from off to end to p, which begins at off.
func (b *buffer) copyTo(p []byte, off, end int64) {
	for _, run := range b.dirty {
		for at := max(run.Off, off); at < min(run.End, end); {
			next := min(run.End, end, (at/buffers.BlockSize+1)*buffers.BlockSize)
			copy(p[at-off:next-off], b.blocks[at/buffers.BlockSize][at%buffers.BlockSize:])
			at = next
		}
	}
}

// pieces returns the bytes from off to end: what is dirty, and zeros.
func (b *buffer) pieces(off, end int64) api.Pieces {
	all := api.Pieces{}
	for off < end {
		next := min(end, (off/buffers.BlockSize+1)*buffers.BlockSize)
		all = append(all, b.inBlock(off, next)...)
		off = next
	}
	return all
}

// inBlock returns the bytes from off to end of one block: what is dirty, and zeros.
func (b *buffer) inBlock(off, end int64) api.Pieces {
	var all api.Pieces
	start := off / buffers.BlockSize * buffers.BlockSize
	for _, run := range b.dirty {
		if run.End <= off || run.Off >= end {
			continue
		}
		if run.Off > off {
			all = append(all, zeros[:run.Off-off])
			off = run.Off
		}
		hi := min(run.End, end)
		all = append(all, b.blocks[off/buffers.BlockSize][off-start:hi-start])
		off = hi
	}
	if off < end {
		all = append(all, zeros[:end-off])
	}
	return all
}

// zeros is never written to.
var zeros = make([]byte, buffers.BlockSize)

// bare returns the parts of a stored extent that nothing has been written over.
func (b *buffer) bare(e Extent) []Extent {
	var parts []Extent
	at := e.Off
	for _, run := range b.dirty {
		if run.End <= at || run.Off >= e.End {
			continue
		}
		if run.Off > at {
			parts = append(parts, e.within(at, run.Off))
		}
		at = run.End
	}
	if at < e.End {
		parts = append(parts, e.within(at, e.End))
	}
	return parts
}
