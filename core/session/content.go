package session

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"filegate/core/vfs"
)

// content is what all handles have in common that one session has open for writing on one file. It is published when the last of them is closed.
type content struct {
	path     vfs.Path // the store's name of the file, at opening
	storeCtx context.Context
	stop     context.CancelCauseFunc
	access   sync.RWMutex  // shared by reads and writes of all handles, alone by what must not meet one
	over     chan struct{} // closed when the content is published or given up
	finished sync.Once

	// What a Stat by path sees, which waits for no write and no Commit.
	mu        sync.Mutex
	under     vfs.Writer // guarded by access, and by mu too where another takes its place
	attrs     vfs.Attrs
	frozen    bool  // under is not asked any more
	size      int64 // of what is frozen
	shareable bool  // others may join
	sole      int   // operations under way that bear no other handle
	handles   int   // that have not ended
	alive     int   // whose contexts have not ended
	promised  bool  // a handle has been told that its content is safe
	broken    error // what a handle has failed with
	stored    *vfs.Info
	storedAt  vfs.Path
}

// publishGrace is how long a content that was promised to a client may take to be published when its connection has ended meanwhile.
const publishGrace = time.Minute

// errBroken is the outcome of a handle where another one on the same file has failed.
var errBroken error = vfs.Errorf(vfs.ErrInvalid, "not saved, since a write to the same file by another handle failed")

// newContent returns a content that lives as long as a handle does.
func newContent(ctx context.Context, path vfs.Path) *content {
	c := &content{path: path, over: make(chan struct{})}
	c.storeCtx, c.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	return c
}

// join takes a place for one more handle. It reports whether the handle shares the content, and whether there is one to wait for the end of.
func (c *content) join(w *writer) (joined, ending bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.shareable || c.sole > 0:
		return false, false
	case c.handles == 0:
		return false, true
	}
	c.attach(w)
	return true, false
}

// attach counts a handle; the caller holds mu, or is the first.
func (c *content) attach(w *writer) {
	w.content = c
	c.handles++
	c.alive++
	context.AfterFunc(w.ctx, func() { c.leave(context.Cause(w.ctx)) })
}

// leave counts a handle out whose context has ended. With the last one ends what is under way, at once or, where a client relies on it, later.
func (c *content) leave(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alive--; c.alive > 0 {
		return
	}
	if !c.promised {
		c.stop(cause)
		return
	}
	late := time.AfterFunc(publishGrace, func() { c.stop(cause) })
	context.AfterFunc(c.storeCtx, func() { late.Stop() })
}

// finish lets go on what waits for the end of the content.
func (c *content) finish() {
	c.finished.Do(func() {
		close(c.over)
		c.stop(nil)
	})
}

// only reports whether there is one handle only, and keeps it so until done is called.
func (c *content) only() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.handles != 1 {
		return false
	}
	c.sole++
	return true
}

func (c *content) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sole--
}

// truncate sets the size for all handles.
func (c *content) truncate(size int64) error {
	c.access.Lock()
	defer c.access.Unlock()
	return c.under.Truncate(size)
}

// sizeNow is the size; the caller holds mu.
func (c *content) sizeNow() int64 {
	if c.frozen {
		return c.size
	}
	return c.under.Size()
}

// readAt reads what has been written. It reports false when the content has come to its end, and is to be read elsewhere.
func (c *content) readAt(p []byte, off int64) (n int, here bool, err error) {
	c.access.RLock()
	defer c.access.RUnlock()
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if frozen {
		return 0, false, nil
	}
	r, err := vfs.ReadWriterAt(c.under)
	if err != nil {
		return 0, true, err
	}
	n, err = r.ReadAt(p, off)
	return n, true, err
}

// openContent opens the store's side of a writer: a content of its own, or the one that this session is writing there.
func (s *Session) openContent(ctx context.Context, w *writer, opts vfs.WriteOptions, share bool) error {
	share = share && opts.IfVersion == ""
	if share {
		if joined, err := s.joinContent(ctx, w, opts); joined || err != nil {
			return err
		}
	}
	c := newContent(ctx, w.at)
	c.attach(w) // its end cuts off the opening too
	under, err := s.fs.OpenWriter(c.storeCtx, c.path, opts)
	if err != nil {
		c.finish()
		return err
	}
	c.under, c.shareable = under, share
	return nil
}

// joinContent makes w a handle of the content that this session is writing under its name, and reports whether there is one. One that is being
// published it waits for.
func (s *Session) joinContent(ctx context.Context, w *writer, opts vfs.WriteOptions) (bool, error) {
	for {
		other := s.writing(w.at)
		if other == nil {
			return false, nil
		}
		if opts.Exclusive {
			return false, vfs.ErrExist
		}
		joined, ending := other.join(w)
		switch {
		case joined && opts.Truncate:
			if err := w.truncate(0); err != nil {
				return false, errors.Join(err, w.abort())
			}
			return true, nil
		case joined:
			return true, nil
		case !ending:
			return false, nil
		}
		select {
		case <-other.over:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// turn waits until no other file of that name is being opened for writing, and returns what lets the next one.
func (s *Session) turn(ctx context.Context, p vfs.Path) (func(), error) {
	for {
		s.mu.Lock()
		other, busy := s.opening[p]
		if !busy {
			mine := make(chan struct{})
			s.opening[p] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				delete(s.opening, p)
				s.mu.Unlock()
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// openShared opens for reading what this session is writing under that name, or returns nil.
func (s *Session) openShared(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) vfs.File {
	w := s.writing(s.inStore(name))
	if w == nil || opts.IfVersion != "" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := vfs.ReadWriterAt(w.under); err != nil || !w.shareable || w.frozen {
		return nil
	}
	return &sharedFile{s: s, ctx: ctx, w: w, name: name, opts: opts}
}

// sharedFile reads a file that this session is writing, and after its end what has been published of it.
type sharedFile struct {
	s    *Session
	ctx  context.Context
	w    *writer
	name vfs.Path
	opts vfs.OpenOptions

	mu     sync.Mutex
	stored vfs.File
}

func (f *sharedFile) Info() vfs.Info { return f.w.info(f.name.Base()) }

func (f *sharedFile) ReadAt(p []byte, off int64) (int, error) {
	if n, here, err := f.w.content.readAt(p, off); here {
		return n, err
	}
	stored, err := f.published()
	if err != nil {
		return 0, err
	}
	return stored.ReadAt(p, off)
}

// published opens what has become of the file.
func (f *sharedFile) published() (vfs.File, error) {
	select {
	case <-f.w.over:
	case <-f.ctx.Done():
		return nil, context.Cause(f.ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stored != nil {
		return f.stored, nil
	}
	f.w.mu.Lock()
	info, at := f.w.stored, f.w.storedAt
	f.w.mu.Unlock()
	if info == nil {
		return nil, vfs.Errorf(vfs.ErrChanged, "the file was not saved that was being written here")
	}
	stored, err := f.s.fs.Open(f.ctx, at, vfs.OpenOptions{Offset: f.opts.Offset, IfVersion: info.Version})
	if errors.Is(err, vfs.ErrNotExist) {
		err = vfs.ErrChanged
	}
	f.stored = stored
	return stored, err
}

func (f *sharedFile) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, io.NewSectionReader(f, f.opts.Offset, max(0, f.Info().Size-f.opts.Offset)))
}

func (f *sharedFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stored == nil {
		return nil
	}
	return f.stored.Close()
}
