package object

import (
	"context"
	"io"
	"slices"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/core/vfs"
)

// The methods in this file move the window of a Reader. They are called with mu held, and those that
// wait unlock it temporarily.

func (f *Reader) unpin(b *windowBlock) {
	b.pins--
	if b.gone && b.pins == 0 {
		f.put(b.data)
	}
}

// drop gives back a block. If the block is in use, its last user gives it back.
func (f *Reader) drop(i int64) {
	b := f.window.blocks[i]
	if b == nil {
		return
	}
	delete(f.window.blocks, i)
	if b.pins > 0 {
		b.gone = true
		return
	}
	f.put(b.data)
}

// clear ends all parts and gives back all blocks.
func (f *Reader) clear() {
	for _, p := range f.window.parts {
		p.stop()
	}
	for i := range f.window.blocks {
		f.drop(i)
	}
	f.wake.Broadcast()
}

// newPart returns the part from off to end, with a GET that has not begun.
func (f *Reader) newPart(off, end int64) *fetchRange {
	ctx, cancel := context.WithCancel(f.ctx)
	return &fetchRange{off: off, pos: off, end: end, stream: f.stream(ctx, off, end), cancel: cancel}
}

// begin makes an empty window at off.
func (f *Reader) begin(off int64) {
	f.clear()
	p := f.newPart(off, f.window.size)
	f.window = newWindow(p.stream, p.cancel, f.window.size)
	if f.sum != nil && off > f.sum.pos {
		f.sum = nil
	}
}

// await returns the window's bytes at off in a pinned block. It waits while they are being fetched.
// If the window will not reach off, await moves the window there if forward is set, else it returns
// nothing.
func (f *Reader) await(off int64, forward bool) (*windowBlock, []byte, error) {
	for {
		switch {
		case f.closed:
			return nil, nil, vfs.ErrClosed
		case f.ctx.Err() != nil:
			return nil, nil, context.Cause(f.ctx)
		}
		switch b, data := f.have(off); {
		case b == nil:
		case !f.sum.lags(off):
			b.pins++
			return b, data, nil
		case f.window.failed() != nil:
			return nil, nil, f.window.failed() // the bytes that the checksum needs next will not arrive
		default:
			f.wake.Wait() // this wait does not depend on the speed of the store
			continue
		}
		p := f.window.at(off)
		switch {
		case p != nil && p.err != nil && off >= p.pos:
			return nil, nil, p.err
		case p != nil && off >= f.window.base && off < p.pos && f.window.failed() != nil:
			return nil, nil, f.window.failed() // the checksum will never be complete
		case f.sum.failed(off, f.window.size):
			return nil, nil, vfs.ErrCorrupt
		case f.comesTo(p, off):
			f.window.high = max(f.window.high, off) // earlier bytes may be given back
			if p != nil {
				f.run(p)
			}
			f.extend()
			f.pace.Await(f.wake)
			// If off is before the window now, another reader has moved the window forward
			// meanwhile.
			forward = forward && off >= f.window.base
		case forward:
			f.begin(off)
		default:
			return nil, nil, nil
		}
	}
}

// have returns the window's bytes at off, except for the last bytes of a file whose checksum is not
// verified yet.
func (f *Reader) have(off int64) (*windowBlock, []byte) {
	b, data := f.window.have(off)
	if b != nil && f.sum.withholds(off+int64(len(data)), f.window.size) {
		return nil, nil
	}
	return b, data
}

// comesTo reports whether the window will reach off without being moved. p is the part with off, or
// nil.
func (f *Reader) comesTo(p *fetchRange, off int64) bool {
	w := &f.window
	switch {
	case p == nil:
		return off >= w.end() && off-w.end() < nearby
	case off < w.base:
		return false
	case off < p.pos: // waiting for the checksum
		return true
	case p.end < w.size:
		return true
	}
	return off < w.high+f.store.ReadAhead && (p.running || off-p.pos < nearby)
}

// passed records that the client has read the bytes from off to end, and frees the blocks that the
// client will not read again.
func (f *Reader) passed(off, end int64) {
	f.read = time.Now()
	if f.closed {
		return
	}
	w := &f.window
	if end > w.base {
		w.had.Add(max(off, w.base), end)
	}
	if end > w.high {
		if w.high < rangesFrom && end >= rangesFrom && f.sum != nil && w.size >= rangesSize {
			f.pace.AtLeast(2)
		}
		f.pace.Decide(f.read, w.size-end)
		w.high = end
	}
	f.giveUp(w.needed())
	f.extend()
	f.wake.Broadcast()
}

// giveUp gives back the blocks before end that the checksum does not need either.
func (f *Reader) giveUp(end int64) {
	w := &f.window
	end = min(end, w.filled())
	if f.sum != nil {
		end = min(end, f.sum.pos)
	}
	for i := w.base / buffers.BlockSize; (i+1)*buffers.BlockSize <= end; i++ {
		f.drop(i)
		w.base = (i + 1) * buffers.BlockSize
		w.had.Remove(0, w.base)
	}
	for len(w.parts) > 1 && w.parts[0].end <= w.base {
		w.parts = w.parts[1:]
	}
}

// partSize returns the size of one of several parallel parts. It is large enough for the next GET
// to begin before this one ends.
func (f *Reader) partSize() int64 {
	return max(f.store.ReadAhead/buffers.BlockSize, 1) * buffers.BlockSize
}

// extend appends parts after the last one, as many as the pace allows in parallel.
func (f *Reader) extend() {
	w := &f.window
	if f.closed {
		return
	}
	each, streams := f.partSize(), int64(f.pace.Streams)
	if last := w.parts[len(w.parts)-1]; streams > 1 && last.end == w.size && last.running && w.size-last.pos > 2*each {
		last.end = (last.pos/buffers.BlockSize)*buffers.BlockSize + each
	}
	var running int64
	for _, p := range w.parts {
		if p.running {
			running++
		}
	}
	for running < streams && w.end() < w.size && w.end()-w.high < max(streams*each, f.store.ReadAhead) {
		end := w.size
		if streams > 1 {
			end = min(w.end()+each, w.size)
		}
		p := f.newPart(w.end(), end)
		w.parts = append(w.parts, p)
		f.run(p)
		running++
	}
}

// narrow returns to a single GET because memory is short, and gives back the blocks of the others.
func (f *Reader) narrow() {
	w := &f.window
	if f.pace.Streams == 1 {
		return
	}
	f.pace.Narrow(time.Now())
	if i := slices.IndexFunc(w.parts, func(p *fetchRange) bool { return p.pos < p.end }); i >= 0 {
		f.cutFrom(i + 1)
	}
}

// cutFrom removes the i'th part and all later ones from the window, with their blocks.
func (f *Reader) cutFrom(i int) {
	w := &f.window
	for _, p := range w.parts[i:] {
		p.stop()
		// Including the block at pos, which exists before its first byte.
		for j := p.off / buffers.BlockSize; j*buffers.BlockSize <= p.pos; j++ {
			f.drop(j)
		}
	}
	w.parts = w.parts[:i]
	f.wake.Broadcast()
}

// run starts to fill a part, unless it is complete or being filled.
func (f *Reader) run(p *fetchRange) {
	if p.running || p.stopped || p.pos == p.end || p.err != nil || f.closed {
		return
	}
	p.running = true
	f.working.Go(func() { f.fetch(p) })
}

// fetch fills a part until it is complete, stopped or failed. It is called without mu.
func (f *Reader) fetch(p *fetchRange) {
	err := f.fill(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	p.running = false
	if p.stopped || p.pos == p.end {
		p.stream.drop()
		p.cancel()
	}
	if err != nil && err != io.EOF && !p.stopped {
		p.err = err
	}
	if !p.stopped {
		f.extend()
	}
	f.wake.Broadcast()
}

func (f *Reader) fill(p *fetchRange) error {
	for {
		b, pos, end, err := f.room(p)
		if b == nil {
			return err
		}
		p.stream.size = end // another part may have been appended after this one
		at := pos % buffers.BlockSize
		// No other goroutine uses the rest of the block after pos.
		n, err := p.stream.Read(b.data[at:min(buffers.BlockSize, at+end-pos)])
		f.mu.Lock()
		f.unpin(b)
		if !p.stopped {
			p.pos += int64(n)
			f.pace.Moved(int64(n))
			f.sumUp()
			f.wake.Broadcast()
		}
		f.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// room returns the block for the next bytes of a part, pinned, and the range of these bytes. It
// waits while the part is far ahead of the client. It returns no block if the part need not be
// continued. It is called without mu.
func (f *Reader) room(p *fetchRange) (b *windowBlock, pos, end int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !p.stopped && f.ctx.Err() == nil && p.end == f.window.size && p.pos-f.window.high >= f.store.ReadAhead {
		f.wake.Wait()
	}
	i := p.pos / buffers.BlockSize
	if !p.stopped && p.pos < p.end && f.window.blocks[i] == nil {
		data, err := f.memory(p)
		if data == nil {
			return nil, 0, 0, err
		}
		if p.stopped {
			f.put(data)
			return nil, 0, 0, nil
		}
		f.window.blocks[i] = &windowBlock{data: data}
	}
	if p.stopped || p.pos >= p.end || f.ctx.Err() != nil {
		return nil, 0, 0, nil
	}
	b = f.window.blocks[i]
	b.pins++
	return b, p.pos, p.end, nil
}

// memory returns a block of memory for a part. Only the first part, which the client reads next,
// may wait for memory. Any other part would keep the memory that the first one needs, so it is
// removed from the window instead.
func (f *Reader) memory(p *fetchRange) ([]byte, error) {
	size := min(buffers.BlockSize, f.window.size-p.pos/buffers.BlockSize*buffers.BlockSize)
	if p.off > f.window.filled() {
		data := f.store.Memory.Try(size)
		if data == nil {
			f.pace.Narrow(time.Now())
			f.cutFrom(slices.Index(f.window.parts, p))
		}
		return data, nil
	}
	f.mu.Unlock()
	defer f.mu.Lock()
	return f.store.Memory.Get(f.ctx, size)
}
