package object

import (
	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
)

// buffer holds the bytes of a file that have been written and not yet sealed, in any order. Its
// blocks come from the memory budget that all writers and readers share. The writer's mu guards it.
type buffer struct {
	memory buffers.Account
	blocks map[int64][]byte // by offset / buffers.BlockSize; only the bytes in dirty are valid
	dirty  spans.Set        // bytes written and not sealed; they replace the layout's
	held   int              // number of blocks that the writer holds, including those of segments that are being sent
}

// try returns memory for size bytes, or nil if none is free.
func (b *buffer) try(size int64) []byte {
	block := b.memory.Try(size)
	if block != nil {
		b.held++
	}
	return block
}

// grow makes fresh the i'th block of the file, and copies the bytes of the previous block to it. If
// the previous block is large enough, fresh is given back.
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

// take removes the bytes from off to end, which must all be dirty, for a segment. The caller gives
// the blocks back with free when the segment has been sent.
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

// drop discards the bytes from size to end, the end of the file.
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

// copyTo copies the dirty bytes from off to end to p, which begins at off.
func (b *buffer) copyTo(p []byte, off, end int64) {
	for _, run := range b.dirty {
		for at := max(run.Off, off); at < min(run.End, end); {
			next := min(run.End, end, (at/buffers.BlockSize+1)*buffers.BlockSize)
			copy(p[at-off:next-off], b.blocks[at/buffers.BlockSize][at%buffers.BlockSize:])
			at = next
		}
	}
}

// pieces returns the bytes from off to end: the dirty ones, and zeros.
func (b *buffer) pieces(off, end int64) api.Pieces {
	all := api.Pieces{}
	for off < end {
		next := min(end, (off/buffers.BlockSize+1)*buffers.BlockSize)
		all = append(all, b.inBlock(off, next)...)
		off = next
	}
	return all
}

// inBlock returns the bytes from off to end of one block: the dirty ones, and zeros.
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

// zeros must not be written to.
var zeros = make([]byte, buffers.BlockSize)

// bare returns the parts of a stored extent that are not dirty.
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
