package object

import (
	"context"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
)

// window is the part of a file in memory while the file is read forward: from the first byte that
// the client has not read to some distance ahead. It is filled by parts, each with its own GET: by
// one GET up to the end of the file, or by several in parallel if that costs Swift less or if one
// is slower than the client.
type window struct {
	size   int64 // of the file
	blocks map[int64]*windowBlock
	base   int64     // bytes before it have been given back
	high   int64     // end of the furthest read so far
	had    spans.Set // bytes that the client has read, from base on
	// parts are contiguous. All except the last end at a multiple of buffers.BlockSize, so that a
	// block belongs to one part.
	parts []*fetchRange
}

// fetchRange is a range of a file that one GET fetches.
type fetchRange struct {
	off, end int64
	pos      int64 // bytes before it are in blocks
	stream   *stream
	cancel   context.CancelFunc // of the stream's context
	running  bool               // a goroutine reads from stream
	stopped  bool               // it has been removed from the window
	err      error
}

// windowBlock is a block of memory in the window.
type windowBlock struct {
	data []byte
	pins int  // number of users that read or fill it without holding mu
	gone bool // removed from the window while it had pins
}

const (
	// late is the number of bytes before the end of the furthest read in which unread bytes are
	// kept. Clients send many reads in advance (OpenSSH up to nearly 16 MiB), and these are served
	// in any order.
	late = 16 << 20
	// nearby is the largest distance of a read for which the window is continued instead of moved.
	nearby = 4 << 20
	// rangesFrom is the offset from which a file is read by ranges if it has its own checksum and
	// at least rangesSize bytes. Two ranges are read at a time, so that there is no gap between
	// them. For a GET of a whole object Swift computes the MD5, and for a segment two servers do.
	// For a fast client that takes half of the time, and finds no damage that the checksum does not
	// find.
	rangesFrom = 1 << 20
	rangesSize = 32 << 20
)

// newWindow returns a window that begins where s does, and that s will fill. cancel ends the
// stream's context.
func newWindow(s *stream, cancel context.CancelFunc, size int64) window {
	return window{
		size: size, blocks: map[int64]*windowBlock{}, base: s.pos, high: s.pos,
		parts: []*fetchRange{{off: s.pos, pos: s.pos, end: size, stream: s, cancel: cancel}},
	}
}

// empty reports whether the window has no blocks.
func (w *window) empty() bool { return len(w.blocks) == 0 }

// at returns the part with the offset off, or nil.
func (w *window) at(off int64) *fetchRange {
	for _, p := range w.parts {
		if off >= p.off && off < p.end {
			return p
		}
	}
	return nil
}

// filled returns the end of the contiguous bytes in the window.
func (w *window) filled() int64 {
	pos := w.base
	for _, p := range w.parts {
		pos = p.pos
		if p.pos < p.end {
			break
		}
	}
	return pos
}

// hadTo returns the end of the contiguous bytes that the client has read.
func (w *window) hadTo() int64 {
	if len(w.had) > 0 && w.had[0].Off == w.base {
		return w.had[0].End
	}
	return w.base
}

// needed returns the offset before which the client will not read any more.
func (w *window) needed() int64 { return max(w.hadTo(), w.high-late) }

// end returns the end of the last part.
func (w *window) end() int64 { return w.parts[len(w.parts)-1].end }

// failed returns the error of a part that has failed, or nil.
func (w *window) failed() error {
	for _, p := range w.parts {
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// have returns the bytes in the window from off to at most the end of the block.
func (w *window) have(off int64) (*windowBlock, []byte) {
	p := w.at(off)
	if p == nil || off >= p.pos || off < w.base {
		return nil, nil
	}
	i := off / buffers.BlockSize
	b := w.blocks[i]
	if b == nil {
		return nil, nil
	}
	return b, b.data[off-i*buffers.BlockSize : min(p.pos-i*buffers.BlockSize, buffers.BlockSize)]
}

// stop removes a part from the window. If a goroutine reads from its stream, that goroutine closes
// the stream.
func (p *fetchRange) stop() {
	p.stopped = true
	p.cancel()
	if !p.running {
		p.stream.drop()
	}
}
