package swift

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"filegate/core/vfs"
)

// Open implements [vfs.FS]. It is the GET itself: the headers of the answer say what the file is, and the body is there for who reads on.
func (f *FS) Open(ctx context.Context, p vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	n, err := f.locateFile(p)
	if err != nil {
		return nil, err
	}
	if opts.Offset < 0 {
		return nil, vfs.Errorf(vfs.ErrInvalid, "a file has no byte before its first")
	}
	ctx, cancel := context.WithCancel(ctx)
	s, o, err := f.openStream(ctx, n, opts.Offset)
	if err != nil {
		defer cancel()
		return nil, f.notAFile(ctx, n, p, err)
	}
	switch {
	case o.isDir():
		err = vfs.ErrIsDir
	case opts.IfVersion != "" && opts.IfVersion != o.version():
		err = vfs.ErrChanged
	}
	if err != nil {
		s.drop()
		cancel()
		return nil, err
	}
	file := &file{fs: f, ctx: ctx, cancel: cancel, n: n, object: o, info: o.info(p.Base()), offset: opts.Offset, stream: s, last: opts.Offset, lent: -1}
	file.wake = sync.NewCond(&file.mu)
	file.stopWaking = context.AfterFunc(ctx, func() {
		file.mu.Lock()
		defer file.mu.Unlock()
		file.wake.Broadcast()
	})
	file.begin(s.pos)
	file.read = time.Now()
	f.backend.budget.enter(file)
	return file, nil
}

// notAFile says why there is no object to open: there may be a directory that is only a prefix.
func (f *FS) notAFile(ctx context.Context, n name, p vfs.Path, err error) error {
	if status(err) != http.StatusNotFound {
		return f.refusal(ctx, n, err)
	}
	if _, statErr := f.statPrefix(ctx, n, p.Base()); statErr == nil {
		return vfs.ErrIsDir
	}
	if cut, partialErr := f.findPartial(ctx, n); partialErr == nil && cut != nil {
		return vfs.Errorf(vfs.ErrNotExist, "the upload of this file is not complete: %d bytes have arrived; go on with it first", cut.size)
	}
	return translate(err)
}

// file is an object that is open for reading. While the client reads forward, one GET runs ahead of it into blocks, as far as read_ahead
// allows; a jump is a GET of its own, of just the bytes that were asked for.
type file struct {
	fs         *FS
	ctx        context.Context
	cancel     context.CancelFunc
	stopWaking func() bool
	n          name
	object     object
	info       vfs.Info
	offset     int64 // where WriteTo begins
	fetches    sync.WaitGroup

	mu      sync.Mutex
	wake    *sync.Cond // whenever one of the following changes
	closed  bool
	stream  *stream // what reads ahead, or would; nil when nothing does
	running bool    // a goroutine reads from stream
	stop    bool    // and is to end
	err     error   // how it ended, when it was a failure

	blocks  map[int64][]byte // by offset / blockSize
	base    int64            // from here
	pos     int64            // to here the content lies in blocks
	high    int64            // the end of the furthest read so far
	last    int64            // the end of the latest read: where a client that reads forward goes on
	read    time.Time        // when the latest was
	waiting int              // reads that wait for the window to come
	lent    int64            // the block that WriteTo is writing out of, by offset / blockSize; -1: none
}

var _ vfs.File = (*file)(nil)

// behind is how much is kept behind the furthest read: clients have several reads under way, and they arrive in any order.
const behind = 4 * mib

// begin makes the window empty, at off. It is called with mu held, or before anybody else knows the file.
func (f *file) begin(off int64) {
	for _, b := range f.blocks {
		f.fs.backend.budget.put(b)
	}
	f.blocks = map[int64][]byte{}
	f.base, f.pos, f.high = off, off, off
}

// Info implements [vfs.File].
func (f *file) Info() vfs.Info { return f.info }

// ReadAt implements [vfs.File].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "a file has no byte before its first")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	total := 0
	for total < len(p) {
		if off >= f.object.size {
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

// readSome reads at least one byte. It is called with mu held.
func (f *file) readSome(p []byte, off int64) (int, error) {
	forward := off == f.last
	f.last = off + int64(len(p))
	part, err := f.await(off, forward)
	if err != nil {
		return 0, err
	}
	if part == nil {
		return f.readApart(p, off)
	}
	n := copy(p, part)
	f.passed(off + int64(n))
	return n, nil
}

// await returns what the window has at off, and waits for it while it is on its way. It returns nothing for a place where the window
// will not come; forward moves the window there. It is called with mu held.
func (f *file) await(off int64, forward bool) ([]byte, error) {
	for {
		switch {
		case f.closed:
			return nil, vfs.ErrClosed
		case f.ctx.Err() != nil:
			return nil, context.Cause(f.ctx)
		case off >= f.base && off < f.pos:
			i := off / blockSize
			return f.blocks[i][off-i*blockSize : min(f.pos-i*blockSize, blockSize)], nil
		case off >= f.pos && off < f.high+f.fs.backend.cfg.ReadAhead && f.stream != nil && (f.running || off-f.pos < behind):
			if f.err != nil {
				return nil, f.err
			}
			f.run()
			f.high = max(f.high, off) // what is before it may be given up
			f.waiting++
			f.wake.Wait()
			f.waiting--
		case forward && f.running:
			// Another read may begin elsewhere once the reading ahead has ended: then all is to be thought over again.
			f.stop = true
			f.wake.Broadcast()
			f.wake.Wait()
		case forward:
			f.leave()
			f.begin(off)
			f.stream = &stream{fs: f.fs, ctx: f.ctx, n: f.n, etag: f.object.etag, size: f.object.size, pos: off}
			f.err = nil
		default:
			return nil, nil
		}
	}
}

// passed notes that the client has what is before end, and frees what is far enough behind. It is called with mu held.
func (f *file) passed(end int64) {
	f.read = time.Now()
	if end <= f.high {
		return
	}
	f.high = end
	f.giveUp(min(f.pos, f.high-behind))
	f.wake.Broadcast()
}

// giveUp gives the blocks before end back. One that is lent stays, until the window is begun anew. It is called with mu held.
func (f *file) giveUp(end int64) {
	for i := f.base / blockSize; (i+1)*blockSize <= end; i++ {
		if i != f.lent {
			f.fs.backend.budget.put(f.blocks[i])
			delete(f.blocks, i)
		}
		f.base = (i + 1) * blockSize
	}
}

// readApart reads bytes that the window is not near of. It is called with mu held, and lets go of it meanwhile.
func (f *file) readApart(p []byte, off int64) (int, error) {
	n := min(int64(len(p)), f.object.size-off)
	f.mu.Unlock()
	defer f.mu.Lock()
	s := &stream{fs: f.fs, ctx: f.ctx, n: f.n, etag: f.object.etag, size: off + n, pos: off}
	defer s.drop()
	return io.ReadFull(s, p[:n])
}

// run starts to read ahead unless that goes on already. It is called with mu held.
func (f *file) run() {
	if f.running || f.stream == nil {
		return
	}
	f.running, f.stop = true, false
	s := f.stream
	f.fetches.Go(func() { f.fetch(s) })
}

// leave ends the GET that read ahead. It is called with mu held, while nothing reads from it.
func (f *file) leave() {
	if f.stream != nil {
		f.stream.drop()
		f.stream = nil
	}
}

// fetch reads ahead until it is stopped, or the file or its luck ends.
func (f *file) fetch(s *stream) {
	err := f.fetchAll(s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running = false
	if err != nil && err != io.EOF {
		f.err = err
	}
	f.wake.Broadcast()
}

func (f *file) fetchAll(s *stream) error {
	for {
		f.mu.Lock()
		for !f.stop && f.ctx.Err() == nil && f.pos-f.high >= f.fs.backend.cfg.ReadAhead {
			f.wake.Wait()
		}
		stop, pos, block := f.stop || f.ctx.Err() != nil, f.pos, f.blocks[f.pos/blockSize]
		f.mu.Unlock()
		if stop {
			return nil
		}
		if block == nil {
			var err error
			if block, err = f.fs.backend.budget.get(f.ctx); err != nil {
				return err
			}
			f.mu.Lock()
			stop = f.stop
			f.mu.Unlock()
			if stop { // somebody else needs it more
				f.fs.backend.budget.put(block)
				return nil
			}
		}
		// The part of the block behind pos is nobody else's.
		n, err := s.Read(block[pos%blockSize:])
		f.mu.Lock()
		if f.blocks[pos/blockSize] == nil && n > 0 {
			f.blocks[pos/blockSize] = block
		} else if f.blocks[pos/blockSize] == nil {
			f.fs.backend.budget.put(block)
		}
		f.pos += int64(n)
		f.wake.Broadcast()
		f.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// WriteTo implements [vfs.File]. It writes out of the blocks, without copying.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for off := f.offset; off < f.object.size; {
		f.mu.Lock()
		part, err := f.await(off, true)
		f.lent = off / blockSize
		f.mu.Unlock()
		if err != nil {
			return total, err
		}
		n, err := w.Write(part)
		total, off = total+int64(n), off+int64(n)
		f.mu.Lock()
		if block := f.blocks[f.lent]; block != nil && (f.lent+1)*blockSize <= f.base { // the others were given up meanwhile
			f.fs.backend.budget.put(block)
			delete(f.blocks, f.lent)
		}
		f.lent = -1
		f.passed(off)
		f.mu.Unlock()
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// shed implements [holder]: what the client has had goes, and what it does not come for is dropped too, and fetched again should it come.
func (f *file) shed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.giveUp(min(f.pos, f.high))
	if f.pos == f.high || f.waiting > 0 || time.Since(f.read) < shedEvery {
		return
	}
	f.stop = true
	f.wake.Broadcast()
	if f.running {
		f.giveUp(f.pos) // the block that is being read into stays
		return
	}
	if len(f.blocks) == 0 {
		return
	}
	f.leave()
	if f.lent < 0 {
		f.begin(f.last)
		return
	}
	for i, b := range f.blocks {
		if i != f.lent {
			f.fs.backend.budget.put(b)
			delete(f.blocks, i)
		}
	}
	f.base = max(f.base, f.lent*blockSize)
	f.pos = min(f.pos, (f.lent+1)*blockSize)
}

// Close implements [vfs.File].
func (f *file) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed, f.stop = true, true
	f.wake.Broadcast()
	f.mu.Unlock()
	f.cancel()
	f.stopWaking()
	f.fetches.Wait()
	f.fs.backend.budget.leave(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leave()
	f.begin(0)
	return nil
}
