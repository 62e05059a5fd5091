package session

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// OpenWriter implements [vfs.FS].
func (s *Session) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	perms := []auth.Permission{auth.Create}
	if !opts.Create {
		perms[0] = auth.Write
	}
	if opts.Read {
		perms = append(perms, auth.Read)
	}
	ctx, cancel := s.join(ctx)
	w := &writer{transfer: transfer{s: s, start: time.Now(), ctx: ctx, cancel: cancel}, name: name, path: s.inStore(name), at: s.inStore(name), opts: opts}
	err := s.enter(ctx, w, Event{Op: OpUpload, Path: name}, func() (_ io.Closer, err error) {
		if name.IsRoot() {
			return nil, vfs.ErrIsDir
		}
		asked := opts.Exclusive
		if opts, w.kept, err = s.keeping(ctx, name, opts); err != nil {
			return nil, err
		}
		w.opts = opts
		w.under, err = s.fs.OpenWriter(ctx, w.path, opts)
		if !asked && opts.Exclusive && errors.Is(err, vfs.ErrExist) {
			return nil, errThere
		}
		return w.under, err
	}, perms...)
	if err != nil {
		cancel()
		return nil, err
	}
	if opts.Read {
		if _, err := vfs.ReadWriterAt(w.under); err == nil {
			return &readWriter{w}, nil
		}
	}
	return w, nil
}

// writer is a file that is being written.
type writer struct {
	transfer
	under vfs.Writer // guarded by life, and by mu too where another takes its place
	name  vfs.Path   // as the client calls it
	path  vfs.Path   // as the store does, at opening

	// Guarded by the session's mutex.
	at       vfs.Path // the store's name of the file by now
	unlinked bool     // the file has no name any more
	gone     bool     // the writer is in the table no more

	opts vfs.WriteOptions
	kept int64 // content that was there, below which nothing may be written

	committed bool // guarded by life

	// What a Stat by path sees, which waits for no write and no Commit.
	mu     sync.Mutex
	attrs  vfs.Attrs
	frozen bool  // under is not asked any more
	size   int64 // of what is frozen
}

func (w *writer) WriteAt(p []byte, off int64) (int, error) {
	if off >= 0 && off < w.kept && len(p) > 0 {
		return 0, w.fail(errKept)
	}
	// Before anything is held: Truncate, SetAttrs and the end of the session must not wait for that.
	if err := w.pass(w.s.limits.up, len(p)); err != nil {
		return 0, w.fail(err)
	}
	n, err := w.move(func() (int64, error, error) {
		n, err := w.under.WriteAt(p, off)
		return int64(n), err, err
	})
	return int(n), err
}

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	if w.opts.Offset != vfs.AtEnd && w.opts.Offset < w.kept {
		return 0, w.fail(errKept)
	}
	return w.move(func() (int64, error, error) {
		from := &source{r: r}
		n, err := w.under.ReadFrom(w.limitReader(from))
		return n, err, whose(err, from.err)
	})
}

func (w *writer) Truncate(size int64) error {
	if size >= 0 && size < w.kept {
		return errKept
	}
	return w.alone(func() error {
		err := w.under.Truncate(size)
		w.failed.set(err)
		return err
	})
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	return w.alone(func() error {
		if err := w.under.SetAttrs(attrs); err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.attrs = w.attrs.With(attrs)
		return nil
	})
}

func (w *writer) alone(f func() error) error {
	w.life.Lock()
	defer w.life.Unlock()
	if w.ended {
		return errEnded
	}
	return f()
}

func (w *writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sizeNow()
}

// sizeNow is the size; the caller holds mu.
func (w *writer) sizeNow() int64 {
	if w.frozen {
		return w.size
	}
	return w.under.Size()
}

// info is what the file looks like to its own session while it is being written.
func (w *writer) info(base string) vfs.Info {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.attrs.Over(vfs.Info{Name: base, Size: w.sizeNow(), Mode: 0o644, ModTime: time.Now()})
}

// WriterInfo describes the content of a writer of this session, as FSTAT of its handle has to: whatever has its name by now.
func (s *Session) WriterInfo(w vfs.Writer) (vfs.Info, error) {
	own, err := s.writerOf(w)
	if err != nil {
		return vfs.Info{}, err
	}
	return own.info(own.name.Base()), nil
}

// end lets nothing but Close follow. The caller holds life.
func (w *writer) end() {
	w.ended = true
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size = w.sizeNow()
	w.frozen = true
}

// Commit refuses a content of which a write has failed: a client that closes the file all the same must not get a success.
func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.life.Lock()
	defer w.life.Unlock()
	if w.ended {
		return vfs.Info{}, errEnded
	}
	w.end()
	defer w.s.unlist(w) // however it goes, from then on the store's own Stat is the truth
	if err := w.failed.get(); err != nil {
		return vfs.Info{}, err
	}
	if err := w.s.ended(); err != nil {
		w.failed.set(err)
		return vfs.Info{}, err
	}
	ctx, cancel := w.s.join(ctx)
	defer cancel()
	err := errPanicked
	defer func() { w.failed.set(err) }()
	var info vfs.Info
	info, err = w.publish(ctx)
	w.committed = err == nil
	return info, err
}

// Close cancels what is under way on the writer, since nobody waits for it any more.
func (w *writer) Close() error {
	w.cancel()
	w.life.Lock()
	defer w.life.Unlock()
	if w.closed {
		return w.closeErr
	}
	w.closed = true
	w.end()
	w.s.unlist(w)
	defer func() {
		err := w.failed.get()
		if err == nil && !w.committed {
			err = ErrAbandoned
		}
		w.s.leave(w, Event{Op: OpUpload, Path: w.name, Bytes: w.bytes.Load(), Duration: time.Since(w.start), Err: err})
	}()
	w.closeErr = w.under.Close()
	w.forget()
	return w.closeErr
}

// readWriter is a writer whose store can read what is being written.
type readWriter struct{ *writer }

func (w *readWriter) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.readAt(p, off)
	if stop := w.pass(w.s.limits.down, n); stop != nil {
		return 0, stop
	}
	return n, err
}

func (w *readWriter) readAt(p []byte, off int64) (int, error) {
	w.life.RLock()
	defer w.life.RUnlock()
	if w.ended {
		return 0, errEnded
	}
	r, err := vfs.ReadWriterAt(w.under)
	if err != nil {
		return 0, err
	}
	return r.ReadAt(p, off)
}
