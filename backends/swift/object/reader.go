package object

import (
	"context"
	"io"
	"sync"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// NewReader returns a reader of an opened object, from off on. o and base are its description and
// its name. Its reads fail when ctx has ended. Closing the reader calls cancel.
func (s *Store) NewReader(ctx context.Context, cancel context.CancelFunc, opened *Opening, o api.Object, base string, off int64) *Reader {
	file := &Reader{
		store: s, ctx: ctx, cancel: cancel, n: opened.Name, object: o, info: o.Info(base), offset: off, last: off,
		window: newWindow(opened.stream, opened.release, o.Size), pace: pace.New(1, s.Downloads, opened.took),
	}
	if off == 0 {
		file.sum = newChecksum(o)
	}
	file.wake = sync.NewCond(&file.mu)
	file.stopWaking = context.AfterFunc(ctx, func() {
		file.mu.Lock()
		defer file.mu.Unlock()
		file.wake.Broadcast()
	})
	file.read = time.Now()
	s.Memory.Enter(file)
	return file
}

// Reader is an object open for reading. While the client reads forward, a window reads ahead. A
// read elsewhere is a separate GET of the requested bytes, extended to whole pages.
type Reader struct {
	store      *Store
	ctx        context.Context
	cancel     context.CancelFunc
	stopWaking func() bool
	n          api.Name
	object     api.Object
	info       vfs.Info
	offset     int64          // where WriteTo begins
	working    sync.WaitGroup // goroutines that fill the window or compute the checksum

	mu     sync.Mutex
	wake   *sync.Cond // signalled when one of the following changes
	closed bool
	window window
	sum    *checksum // nil: the file is not read from its beginning, or its checksum is unknown
	pace   pace.Pace
	pages  pages

	returned int64     // bytes of memory that have been given back so far
	last     int64     // end of the latest read: a client that reads forward continues from it
	read     time.Time // time of the latest read
}

var _ vfs.File = (*Reader)(nil)

// Info implements [vfs.File].
func (f *Reader) Info() vfs.Info { return f.info }

// ReadAt implements [vfs.File].
func (f *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	total := 0
	for total < len(p) {
		if off >= f.object.Size {
			return total, io.EOF
		}
		n, err := f.readSome(p[total:], off)
		total, off = total+n, off+int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// readSome reads at least one byte. It is called with mu held, and may unlock it temporarily.
func (f *Reader) readSome(p []byte, off int64) (int, error) {
	forward := off == f.last
	f.last = off + int64(len(p))
	if n := f.pages.read(p, off); n > 0 {
		return n, nil
	}
	block, part, err := f.await(off, forward)
	if err != nil {
		return 0, err
	}
	if block == nil {
		return f.readApart(p, off)
	}
	f.mu.Unlock()
	n := copy(p, part)
	f.mu.Lock()
	f.unpin(block)
	f.passed(off, off+int64(n))
	return n, nil
}

// readApart reads bytes far from the window. It is called with mu held, and may unlock it
// temporarily.
func (f *Reader) readApart(p []byte, off int64) (int, error) {
	p = p[:min(int64(len(p)), f.object.Size-off)]
	if len(p) > pageSize {
		f.mu.Unlock()
		defer f.mu.Lock()
		return f.readRange(p, off)
	}
	from := off / pageSize * pageSize
	fresh := make([]byte, min((off+int64(len(p))+pageSize-1)/pageSize*pageSize, f.object.Size)-from)
	f.mu.Unlock()
	_, err := f.readRange(fresh, from)
	f.mu.Lock()
	if err != nil {
		return 0, err
	}
	if !f.closed {
		f.pages.keep(f.store.Memory, fresh, from)
	}
	return copy(p, fresh[off-from:]), nil
}

// readRange fills p by a separate GET.
func (f *Reader) readRange(p []byte, off int64) (int, error) {
	s := f.stream(f.ctx, off, off+int64(len(p)))
	defer s.drop()
	return io.ReadFull(s, p)
}

// stream returns a reader of the bytes from off to end of the opened version.
func (f *Reader) stream(ctx context.Context, off, end int64) *stream {
	return f.store.newStream(ctx, f.n, f.object.ETag, off, end)
}

// WriteTo implements [vfs.File]. It writes from the window, without copying.
func (f *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for off := f.offset; off < f.object.Size; {
		f.mu.Lock()
		block, part, err := f.await(off, true)
		f.mu.Unlock()
		if err != nil {
			return total, err
		}
		n, err := w.Write(part)
		total, off = total+int64(n), off+int64(n)
		f.mu.Lock()
		f.unpin(block)
		f.last = off
		f.passed(off-int64(n), off)
		f.mu.Unlock()
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Shed implements [buffers.Holder]. It gives back the bytes that the client has read, and those far
// ahead of the client. If the client has stopped reading, it gives back everything, and fetches it
// again when the client continues.
func (f *Reader) Shed() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0
	}
	before := f.returned
	f.pages.drop(f.put)
	f.giveUp(f.window.high)
	f.narrow()
	if f.window.empty() || f.pace.IsStarved() || time.Since(f.read) < buffers.ShedEvery {
		return f.returned - before
	}
	at := f.last
	if f.sum != nil {
		at = min(at, f.sum.pos) // bytes that are not in the checksum yet must be read again
	}
	f.begin(at)
	return f.returned - before
}

// put gives blocks back. It is called with mu held.
func (f *Reader) put(blocks ...[]byte) {
	for _, b := range blocks {
		f.returned += int64(len(b))
	}
	f.store.Memory.Put(blocks...)
}

// Close implements [vfs.File].
func (f *Reader) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	f.clear()
	f.pages.drop(f.put)
	f.mu.Unlock()
	f.cancel()
	f.stopWaking()
	f.working.Wait()
	f.store.Memory.Leave(f)
	return nil
}

// Sums implements [vfs.SummedFile].
func (f *Reader) Sums() vfs.Sums {
	return SumsOf(f.object.ContentMD5(), f.object.Header.Get(api.MetaSHA256))
}
