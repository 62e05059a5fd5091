package session

import (
	"context"
	"errors"
	"io"
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
	w := &writer{transfer: transfer{s: s, start: time.Now(), ctx: ctx, cancel: cancel}, name: name, at: s.inStore(name), opts: opts}
	next := func() {}
	defer func() { next() }() // also where the store panics
	err := s.enter(ctx, w, Event{Op: OpUpload, Path: name}, func() (_ io.Closer, err error) {
		if name.IsRoot() {
			return nil, vfs.ErrIsDir
		}
		if next, err = s.turn(ctx, w.at); err != nil {
			next = func() {}
			return nil, err
		}
		asked := opts.Exclusive
		if opts, w.kept, err = s.keeping(ctx, name, opts); err != nil {
			return nil, err
		}
		w.opts = opts
		err = s.openContent(ctx, w, opts, w.kept == 0 && opts.Exclusive == asked)
		if !asked && opts.Exclusive && errors.Is(err, vfs.ErrExist) {
			return nil, errThere
		}
		return unopened{w}, err
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
	*content
	name vfs.Path // as the client calls it

	// Guarded by the session's mutex.
	at       vfs.Path // the store's name of the file by now
	unlinked bool     // the file has no name any more
	gone     bool     // the writer is in the table no more

	opts vfs.WriteOptions
	kept int64 // content that was there, below which nothing may be written

	// Guarded by life.
	committed bool
	left      bool // the content counts this handle no more
	last      bool // it was the last one
}

// unopened is a writer that the session's end was faster than.
type unopened struct{ w *writer }

func (u unopened) Close() error { return u.w.abort() }

// abort takes back the opening of a writer.
func (w *writer) abort() error {
	w.end(false)
	if !w.last {
		return nil
	}
	defer w.finish()
	return w.under.Close()
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
		w.access.RLock()
		defer w.access.RUnlock()
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
		n, err := w.readFrom(w.limitReader(from))
		return n, err, whose(err, from.err)
	})
}

// readFrom gives the store all that r has, in one piece where no other handle writes the same file.
func (w *writer) readFrom(r io.Reader) (int64, error) {
	if w.only() {
		defer w.done()
		return w.under.ReadFrom(r)
	}
	if w.opts.Offset == vfs.AtEnd {
		w.opts.Offset = w.Size()
	}
	n, err := io.Copy(io.NewOffsetWriter(lockedWriter{w.content}, w.opts.Offset), r)
	w.opts.Offset += n
	return n, err
}

// lockedWriter writes to a content that has several handles.
type lockedWriter struct{ c *content }

func (l lockedWriter) WriteAt(p []byte, off int64) (int, error) {
	l.c.access.RLock()
	defer l.c.access.RUnlock()
	return l.c.under.WriteAt(p, off)
}

func (w *writer) Truncate(size int64) error {
	if size >= 0 && size < w.kept {
		return errKept
	}
	return w.alone(func() error {
		err := w.truncate(size)
		w.failed.set(err)
		return err
	})
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	return w.alone(func() error {
		w.access.Lock()
		defer w.access.Unlock()
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

// end lets nothing but Close follow. The last handle of a content has it for itself then; to another one, the content is promised if it is to be
// committed and nothing has failed. The caller holds life, or is alone.
func (w *writer) end(commit bool) (promised bool) {
	w.ended = true
	if w.left {
		return false
	}
	w.left = true
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.failed.get(); err != nil && w.broken == nil {
		w.broken = errBroken
	}
	w.handles--
	if w.last = w.handles == 0; w.last {
		w.size = w.sizeNow()
		w.frozen = true
		return false
	}
	promised = commit && w.broken == nil
	w.promised = w.promised || promised
	return promised
}

// drain waits for the reads of others that are under way, after which none begins.
func (w *writer) drain() {
	w.access.Lock()
	defer w.access.Unlock()
}

// whole returns why the content is not to be published, or nil.
func (w *writer) whole() error {
	if err := w.failed.get(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// Commit refuses a content of which a write has failed: a client that closes the file all the same must not get a success. While there are other
// handles, the content is only promised.
func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.life.Lock()
	defer w.life.Unlock()
	if w.ended {
		return vfs.Info{}, errEnded
	}
	if err := w.s.ended(); err != nil {
		w.failed.set(err)
	}
	w.committed = w.end(true)
	defer func() {
		w.s.unlist(w) // however it goes, from then on the store's own Stat is the truth
		if w.last {
			w.finish()
		}
	}()
	if w.committed {
		return w.info(w.name.Base()), nil
	}
	if err := w.whole(); err != nil {
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
	open := !w.left
	w.end(false)
	defer func() {
		err := w.failed.get()
		if err == nil && !w.committed {
			err = ErrAbandoned
		}
		w.s.leave(w, Event{Op: OpUpload, Path: w.name, Bytes: w.bytes.Load(), Duration: time.Since(w.start), Err: err})
	}()
	if !w.last {
		w.s.unlist(w)
		return nil
	}
	defer w.finish()
	w.drain()
	if open {
		w.keepPromise()
	}
	w.s.unlist(w)
	w.closeErr = w.under.Close()
	w.forget()
	return w.closeErr
}

// keepPromise publishes a content of which a handle was told that it is safe, though the last one is given up.
func (w *writer) keepPromise() {
	w.mu.Lock()
	promised := w.content.promised
	w.mu.Unlock()
	if !promised || w.whole() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), publishGrace)
	defer cancel()
	if _, err := w.publish(ctx); err != nil {
		w.failed.set(err)
		w.s.log.Warn("file not saved of which another handle has been closed", "path", string(w.name), "err", err)
	}
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
	n, here, err := w.content.readAt(p, off)
	if !here {
		return 0, errEnded
	}
	return n, err
}
