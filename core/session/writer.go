package session

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// OpenWriter implements [vfs.FS].
func (s *Session) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	start := time.Now()
	w, err := s.openWriter(ctx, name, opts, start)
	if err != nil {
		s.record(Event{Op: OpUpload, Path: name, Duration: time.Since(start), Err: err})
		return nil, err
	}
	if opts.Read {
		if r, err := vfs.ReadWriterAt(w.under); err == nil {
			return &readWriter{writer: w, under: r}, nil
		}
	}
	return w, nil
}

func (s *Session) openWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions, start time.Time) (*writer, error) {
	perms := []auth.Permission{auth.Write}
	if opts.Read {
		perms = append(perms, auth.Read)
	}
	if err := s.permit(perms...); err != nil {
		return nil, err
	}
	if name.IsRoot() {
		return nil, vfs.ErrIsDir
	}
	if err := s.reserve(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	under, err := s.fs.OpenWriter(ctx, s.inStore(name), opts)
	if err != nil {
		cancel()
		s.finish()
		return nil, err
	}
	w := &writer{s: s, under: under, cancel: cancel, name: name, path: s.inStore(name), start: start}
	if !s.add(w) {
		w.Close()
		return nil, vfs.ErrClosed
	}
	return w, nil
}

// writer is a file that is being written.
type writer struct {
	s      *Session
	under  vfs.Writer
	cancel context.CancelFunc
	name   vfs.Path // as the client calls it
	path   vfs.Path // as the store does
	start  time.Time

	// life is held shared by writes and reads, alone by what must not meet a write (see vfs.Writer).
	life      sync.RWMutex
	closed    bool
	committed bool
	closeErr  error

	bytes  atomic.Int64
	failed firstError

	attrsMu sync.Mutex
	attrs   vfs.Attrs
}

func (w *writer) WriteAt(p []byte, off int64) (int, error) {
	w.life.RLock()
	defer w.life.RUnlock()
	if w.closed || w.committed {
		return 0, vfs.ErrClosed
	}
	n, err := w.under.WriteAt(p, off)
	w.bytes.Add(int64(n))
	if err != nil {
		w.failed.set(err)
	}
	return n, err
}

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	w.life.RLock()
	defer w.life.RUnlock()
	if w.closed || w.committed {
		return 0, vfs.ErrClosed
	}
	n, err := w.under.ReadFrom(r)
	w.bytes.Add(n)
	if err != nil {
		w.failed.set(err)
	}
	return n, err
}

func (w *writer) Truncate(size int64) error {
	return w.alone(func() error {
		err := w.under.Truncate(size)
		if err != nil {
			w.failed.set(err)
		}
		return err
	})
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	return w.alone(func() error {
		if err := w.under.SetAttrs(attrs); err != nil {
			return err
		}
		w.attrsMu.Lock()
		defer w.attrsMu.Unlock()
		if attrs.ModTime != nil {
			w.attrs.ModTime = attrs.ModTime
		}
		if attrs.Mode != nil {
			w.attrs.Mode = attrs.Mode
		}
		return nil
	})
}

func (w *writer) alone(f func() error) error {
	w.life.Lock()
	defer w.life.Unlock()
	if w.closed || w.committed {
		return vfs.ErrClosed
	}
	return f()
}

func (w *writer) Size() int64 { return w.under.Size() }

// info is what the file looks like to its own session while it is being written.
func (w *writer) info(base string) vfs.Info {
	w.attrsMu.Lock()
	defer w.attrsMu.Unlock()
	info := vfs.Info{Name: base, Size: w.under.Size(), Mode: 0o644, ModTime: time.Now()}
	if w.attrs.ModTime != nil {
		info.ModTime = *w.attrs.ModTime
	}
	if w.attrs.Mode != nil {
		info.Mode = w.attrs.Mode.Perm()
	}
	return info
}

// Commit refuses a content of which a write has failed: a client that closes the file all the same must not get a success.
func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.life.Lock()
	defer w.life.Unlock()
	if w.closed || w.committed {
		return vfs.Info{}, vfs.ErrClosed
	}
	if err := w.failed.get(); err != nil {
		return vfs.Info{}, err
	}
	info, err := w.under.Commit(ctx)
	if err != nil {
		w.failed.set(err)
		return vfs.Info{}, err
	}
	w.committed = true
	w.s.drop(w) // from here on the store's own Stat is the truth
	return info, nil
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
	w.closeErr = w.under.Close()
	w.s.drop(w)
	err := w.failed.get()
	if err == nil && !w.committed {
		err = ErrAbandoned
	}
	w.s.record(Event{Op: OpUpload, Path: w.name, Bytes: w.bytes.Load(), Duration: time.Since(w.start), Err: err})
	w.s.finish()
	return w.closeErr
}

// readWriter is a writer whose store can read what is being written.
type readWriter struct {
	*writer
	under io.ReaderAt
}

func (w *readWriter) ReadAt(p []byte, off int64) (int, error) {
	w.life.RLock()
	defer w.life.RUnlock()
	if w.closed || w.committed {
		return 0, vfs.ErrClosed
	}
	return w.under.ReadAt(p, off)
}
