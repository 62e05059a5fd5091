package object

import (
	"context"
	"io"
	"slices"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/spans"
	"filegate/core/vfs"
)

// window is what lies in memory of a file that is read forward: blocks from what the client has not
// had yet to some way ahead of it. It is filled by parts, each with a GET of its own: by a single
// one to the end of the file, or by several side by side where that is better for Swift, or one
// alone is slower than the client.
type window struct {
	size   int64 // of the file
	blocks map[int64]*block
	base   int64     // what is before it has been given up
	high   int64     // the end of the furthest read so far
	had    spans.Set // what the client has had, from base on
	// parts follow each other without a gap. All but the last end at a multiple of
	// buffers.BlockSize, so that a block is one part's.
	parts []*part
}

// part is a piece of a file that one GET brings.
type part struct {
	off, end int64
	pos      int64 // to here it lies in blocks
	stream   *stream
	cancel   context.CancelFunc // of the stream's context
	running  bool               // a goroutine reads from stream
	stopped  bool               // it no longer belongs to the window
	err      error
}

// block is a block of memory of the window.
type block struct {
	data []byte
	pins int  // by those who read or fill it without holding mu
	gone bool // given up meanwhile
}

const (
	// late is how far behind the furthest read is kept what the client has not had. Clients have
	// many reads under way, OpenSSH's nearly 16 MiB, and those are served in any order.
	late = 16 << 20
	// nearby is how far off a read may be for the window to come there by itself.
	nearby = 4 << 20
	// rangesFrom is from where on a file comes by ranges that has a checksum of its own and is at
	// least rangesSize: two at a time, so that there is no gap between one and the next. Of what is
	// asked for as a whole Swift makes the MD5, of a segment in two servers: for a quick client
	// that is half of its time, and tells nothing that the checksum does not.
	rangesFrom = 1 << 20
	rangesSize = 32 << 20
)

// newWindow is one that begins where s does, and that s will fill; cancel ends the stream's
// context.
func newWindow(s *stream, cancel context.CancelFunc, size int64) window {
	return window{
		size: size, blocks: map[int64]*block{}, base: s.pos, high: s.pos,
		parts: []*part{{off: s.pos, pos: s.pos, end: size, stream: s, cancel: cancel}},
	}
}

// empty reports whether nothing lies in the window.
func (w *window) empty() bool { return len(w.blocks) == 0 }

// at returns the part in which off lies, or nil.
func (w *window) at(off int64) *part {
	for _, p := range w.parts {
		if off >= p.off && off < p.end {
			return p
		}
	}
	return nil
}

// filled is how far the window has come without a gap.
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

// hadTo is how far the client has had all from base on.
func (w *window) hadTo() int64 {
	if len(w.had) > 0 && w.had[0].Off == w.base {
		return w.had[0].End
	}
	return w.base
}

// needed is from where on the client may come for something.
func (w *window) needed() int64 { return max(w.hadTo(), w.high-late) }

// end is how far the parts go.
func (w *window) end() int64 { return w.parts[len(w.parts)-1].end }

// failed is why one of the parts will not be whole, or nil.
func (w *window) failed() error {
	for _, p := range w.parts {
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// have returns what lies in the window at off, to the end of its block at most.
func (w *window) have(off int64) (*block, []byte) {
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

// The rest are the file's methods that move its window. They are called with mu held, and those
// that wait let go of it meanwhile.

func (f *Reader) unpin(b *block) {
	b.pins--
	if b.gone && b.pins == 0 {
		f.put(b.data)
	}
}

// drop gives a block back, or leaves that to who is still working with it.
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

// clear ends all parts and gives all blocks back.
func (f *Reader) clear() {
	for _, p := range f.window.parts {
		p.stop()
	}
	for i := range f.window.blocks {
		f.drop(i)
	}
	f.wake.Broadcast()
}

// stop takes a part out of the window. What reads from its stream closes that.
func (p *part) stop() {
	p.stopped = true
	p.cancel()
	if !p.running {
		p.stream.drop()
	}
}

// newPart returns the part from off to end, to be read from a GET that has not begun.
func (f *Reader) newPart(off, end int64) *part {
	ctx, cancel := context.WithCancel(f.ctx)
	return &part{off: off, pos: off, end: end, stream: f.stream(ctx, off, end), cancel: cancel}
}

// begin moves the window to off, where it is empty.
func (f *Reader) begin(off int64) {
	f.clear()
	p := f.newPart(off, f.window.size)
	f.window = newWindow(p.stream, p.cancel, f.window.size)
	if f.sum != nil && off > f.sum.pos {
		f.sum = nil
	}
}

// await returns what the window has at off, pinned, and waits for it while it is on its way. It
// returns nothing for a place where the window will not come; forward moves the window there.
func (f *Reader) await(off int64, forward bool) (*block, []byte, error) {
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
			return nil, nil, f.window.failed() // what is to be summed up next will not come
		default:
			f.wake.Wait() // but not for the store
			continue
		}
		p := f.window.at(off)
		switch {
		case p != nil && p.err != nil && off >= p.pos:
			return nil, nil, p.err
		case p != nil && off >= f.window.base && off < p.pos && f.window.failed() != nil:
			return nil, nil, f.window.failed() // the checksum that is being awaited will never be there
		case f.sum.failed(off, f.window.size):
			return nil, nil, vfs.ErrCorrupt
		case f.comesTo(p, off):
			f.window.high = max(f.window.high, off) // what is before it may be given up
			if p != nil {
				f.run(p)
			}
			f.extend()
			f.pace.Await(f.wake)
			forward = forward && off >= f.window.base // else others have read on meanwhile, and the window is theirs
		case forward:
			f.begin(off)
		default:
			return nil, nil, nil
		}
	}
}

// have is what the window has at off, but for the last bytes of a file whose checksum has not
// agreed yet.
func (f *Reader) have(off int64) (*block, []byte) {
	b, data := f.window.have(off)
	if b != nil && f.sum.withholds(off+int64(len(data)), f.window.size) {
		return nil, nil
	}
	return b, data
}

// comesTo reports whether the window will come to off by itself; p is the part that off lies in.
func (f *Reader) comesTo(p *part, off int64) bool {
	w := &f.window
	switch {
	case p == nil:
		return off >= w.end() && off-w.end() < nearby
	case off < w.base:
		return false
	case off < p.pos: // the checksum is being awaited
		return true
	case p.end < w.size:
		return true
	}
	return off < w.high+f.store.ReadAhead && (p.running || off-p.pos < nearby)
}

// passed notes that the client has what is between off and end, and frees what it will not come for
// again.
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

// giveUp gives the blocks before end back, as far as they are of no use to the checksum either.
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

// partSize is how much one of several GETs brings: enough for the next one to have begun before
// this one is through.
func (f *Reader) partSize() int64 {
	return max(f.store.ReadAhead/buffers.BlockSize, 1) * buffers.BlockSize
}

// extend lets parts follow the last one, as many as the pace wants side by side.
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

// narrow goes back to a single GET, since memory is short, and gives back what the others have
// brought.
func (f *Reader) narrow() {
	w := &f.window
	if f.pace.Streams == 1 {
		return
	}
	f.pace.Narrow(time.Now())
	if i := slices.IndexFunc(w.parts, func(p *part) bool { return p.pos < p.end }); i >= 0 {
		f.cutFrom(i + 1)
	}
}

// cutFrom takes the i'th part and those behind it out of the window, with what they have brought.
func (f *Reader) cutFrom(i int) {
	w := &f.window
	for _, p := range w.parts[i:] {
		p.stop()
		for j := p.off / buffers.BlockSize; j*buffers.BlockSize <= p.pos; j++ { // the block at pos too: it is there before its first byte
			f.drop(j)
		}
	}
	w.parts = w.parts[:i]
	f.wake.Broadcast()
}

// run starts to fill a part unless that goes on already, or is done.
func (f *Reader) run(p *part) {
	if p.running || p.stopped || p.pos == p.end || p.err != nil || f.closed {
		return
	}
	p.running = true
	f.working.Go(func() { f.fetch(p) })
}

// fetch fills a part until it is whole, it is stopped, or its luck ends. It is called without mu.
func (f *Reader) fetch(p *part) {
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

func (f *Reader) fill(p *part) error {
	for {
		b, pos, end, err := f.room(p)
		if b == nil {
			return err
		}
		p.stream.size = end // another part may have been put behind this one
		at := pos % buffers.BlockSize
		// The part of the block behind pos is nobody else's.
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

// room returns the block that a part goes on in, pinned, and where; it waits while the client is
// far behind. It returns no block when there is nothing to be done any more. It is called without
// mu.
func (f *Reader) room(p *part) (b *block, pos, end int64, err error) {
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
		f.window.blocks[i] = &block{data: data}
	}
	if p.stopped || p.pos >= p.end || f.ctx.Err() != nil {
		return nil, 0, 0, nil
	}
	b = f.window.blocks[i]
	b.pins++
	return b, p.pos, p.end, nil
}

// memory returns a block of memory for a part. Only the one that the client reads first may wait
// for it: another one would keep from that what it has, and is given up instead.
func (f *Reader) memory(p *part) ([]byte, error) {
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
