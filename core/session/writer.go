package session

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
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
	w := &writer{transfer: s.newTransfer(ctx, &s.in), name: name, opts: opts, pos: opts.Offset}
	e := Event{Op: OpUpload, Path: name}
	err := s.enter(w.ctx, w, &e, func() (io.Closer, error) {
		w.place = e.Place
		if name.IsRoot() {
			return nil, vfs.ErrIsDir
		}
		if opts.Read && !opts.Truncate {
			// The handle shows what is stored.
			if err := s.permit(w.ctx, &Event{Op: OpDownload, Path: name}, auth.Read); err != nil {
				return nil, err
			}
		}
		if err := s.openForWriting(w.ctx, w, opts); err != nil {
			return nil, err
		}
		if opts.Offset == vfs.AtEnd {
			w.pos = w.Size()
		}
		return unopened{w}, nil
	}, perms...)
	if err != nil {
		w.cancel()
		return nil, err
	}
	if opts.Read && w.readable() {
		return &readWriter{w}, nil
	}
	return w, nil
}

// writer is a handle on a file that is open for writing.
type writer struct {
	transfer
	*openFile
	name vfs.Path // in the client's spelling

	opts    vfs.WriteOptions
	kept    int64       // size of existing content that must not be overwritten
	pos     int64       // where the next ReadFrom begins
	changed atomic.Bool // this handle has changed the content

	// Guarded by life.
	committed bool
	sums      vfs.Sums // of the content that this handle has published
	left      bool     // the handle does not count any more
	last      bool     // and it was the last one
}

// unopened is a writer whose session has ended during its opening.
type unopened struct{ w *writer }

func (u unopened) Close() error { return u.w.abort() }

// abort undoes the opening of a writer.
func (w *writer) abort() error {
	w.ended, w.left = true, true
	if end := w.leave(false, false, nil); end.last {
		w.finish(end)
		return w.unread()
	}
	return nil
}

func (w *writer) WriteAt(p []byte, off int64) (int, error) {
	if off >= 0 && off < w.kept && len(p) > 0 {
		return 0, w.fail(errKept)
	}
	// No lock may be held here: Truncate, SetAttrs and the end of the session must not wait for the
	// rate limit.
	if err := w.pass(w.s.limits.up, len(p)); err != nil {
		return 0, w.fail(err)
	}
	n, err := w.move(func() (int64, error, error) {
		w.changed.Store(true)
		n, err := w.writeAt(p, off)
		w.progress.add(n)
		return int64(n), err, err
	})
	return int(n), err
}

// Append writes at the end of the content of a writer, even while other handles write the same
// file.
func (s *Session) Append(to vfs.Writer, p []byte) (int, error) {
	w, err := s.writerOf(to)
	if err != nil {
		return 0, err
	}
	if err := w.pass(s.limits.up, len(p)); err != nil {
		return 0, w.fail(err)
	}
	n, err := w.move(func() (int64, error, error) {
		w.changed.Store(true)
		n, err := w.append(p)
		w.progress.add(n)
		return int64(n), err, err
	})
	return int(n), err
}

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	if w.opts.Offset != vfs.AtEnd && w.opts.Offset < w.kept {
		return 0, w.fail(errKept)
	}
	return w.move(func() (int64, error, error) {
		from := &countedReader{r: r, progress: w.progress}
		n, err := w.readFrom(w.limitReader(from))
		return n, err, whose(err, from.err)
	})
}

// readFromSize is the size of a read in ReadFrom, in bytes.
const readFromSize = 64 << 10

// readFrom writes what the client sends. While it waits for the client it holds no lock that other
// handles need.
func (w *writer) readFrom(r io.Reader) (int64, error) {
	buf := make([]byte, readFromSize)
	var total int64
	for {
		n, readErr := r.Read(buf)
		if n > 0 {
			w.changed.Store(true)
			written, err := w.next(buf[:n])
			total += int64(written)
			if err != nil {
				return total, err
			}
		}
		switch {
		case readErr == io.EOF:
			return total, nil
		case readErr != nil:
			return total, readErr
		case w.ctx.Err() != nil:
			return total, context.Cause(w.ctx)
		}
	}
}

// next writes at the position of ReadFrom.
func (w *writer) next(p []byte) (int, error) {
	if w.opts.Offset == vfs.AtEnd && w.wasShared() {
		return w.append(p)
	}
	n, err := w.writeAt(p, w.pos)
	w.pos += int64(n)
	return n, err
}

func (w *writer) Truncate(size int64) error {
	if size >= 0 && size < w.kept {
		return errKept
	}
	return w.alone(func() error {
		w.changed.Store(true)
		err := w.truncate(size)
		w.failed.set(err)
		return err
	})
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	return w.alone(func() error { return w.setAttrs(attrs) })
}

// alone runs f while no read or write of this handle is running.
func (w *writer) alone(f func() error) error {
	w.life.Lock()
	defer w.life.Unlock()
	if w.ended {
		return errEnded
	}
	return f()
}

func (w *writer) Size() int64 { return w.currentSize() }

// WriterInfo returns the description of a writer's content, for FSTAT of its handle, whatever file
// has its name now.
func (s *Session) WriterInfo(w vfs.Writer) (vfs.Info, error) {
	own, err := s.writerOf(w)
	if err != nil {
		return vfs.Info{}, err
	}
	return own.info(own.name.Base()), nil
}

// Commit fails if a write has failed: a client that closes the file in spite of this must not get a
// success. While other handles are open, Commit only promises to publish the content.
func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.life.Lock()
	defer w.life.Unlock()
	if w.ended {
		return vfs.Info{}, errEnded
	}
	if err := w.s.ended(); err != nil {
		w.failed.set(err)
	}
	w.ended, w.left = true, true
	end := w.leave(true, w.changed.Load(), w.failed.get())
	w.last = end.last
	if end.err != nil || !end.last {
		defer w.finishLater(end)
		w.failed.set(end.err)
		w.committed = end.err == nil
		if end.err != nil {
			return vfs.Info{}, end.err
		}
		return w.info(w.name.Base()), nil
	}
	defer w.openFile.end()
	ctx, cancel := w.s.join(w.trace.In(ctx))
	defer cancel()
	err := errPanicked
	defer func() { w.failed.set(err) }()
	var info vfs.Info
	info, err = w.publish(ctx)
	w.committed = err == nil
	if w.committed {
		w.sums = vfs.WriterSums(w.under)
	}
	return info, err
}

// finishLater ends the file after its last handle, if the result of this handle is already known.
func (w *writer) finishLater(end outcome) {
	if end.last {
		w.finish(end)
	}
}

// finish ends the file after its last handle.
func (w *writer) finish(end outcome) {
	defer w.openFile.end()
	if end.publish {
		w.keepPromise()
	}
}

// Close cancels the running calls on the writer.
func (w *writer) Close() error {
	w.cancel()
	w.life.Lock()
	defer w.life.Unlock()
	if w.closed {
		return w.closeErr
	}
	w.closed, w.ended = true, true
	defer func() {
		err := w.failed.get()
		if err == nil && !w.committed {
			err = ErrAbandoned
		}
		w.s.leave(w, Event{
			Op: OpUpload, Path: w.name, Place: w.place, Bytes: w.bytes.Load(), Duration: time.Since(w.start), Err: err,
			Sums: w.sums,
		}.traced(w.trace))
	}()
	if !w.left {
		w.left = true
		end := w.leave(false, w.changed.Load(), w.failed.get())
		if w.last = end.last; end.last {
			w.finish(end)
		}
	}
	if w.last {
		w.closeErr = w.unread()
	}
	return w.closeErr
}

// readWriter is a writer whose store can read the content before Commit.
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
	n, here, err := w.openFile.readAt(p, off)
	if !here {
		return 0, errEnded
	}
	return n, err
}

// errForeign is the error for a handle of another session.
var errForeign = errors.New("not a writer of this session")

func (s *Session) writerOf(w vfs.Writer) (*writer, error) {
	switch w := w.(type) {
	case *writer:
		return w, nil
	case *readWriter:
		return w.writer, nil
	}
	return nil, &vfs.Error{Kind: vfs.ErrInvalid, Err: errForeign}
}
