package session

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Open implements [vfs.FS].
func (s *Session) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	start := time.Now()
	f, err := s.open(ctx, name, opts, start)
	if err != nil {
		s.record(Event{Op: OpDownload, Path: name, Duration: time.Since(start), Err: err})
		return nil, err
	}
	return f, nil
}

func (s *Session) open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions, start time.Time) (*file, error) {
	if err := s.permit(auth.Read); err != nil {
		return nil, err
	}
	if err := s.reserve(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	under, err := s.fs.Open(ctx, s.inStore(name), opts)
	if err != nil {
		cancel()
		s.finish()
		return nil, err
	}
	f := &file{s: s, under: under, cancel: cancel, path: name, start: start}
	if !s.add(f) {
		f.Close()
		return nil, vfs.ErrClosed
	}
	return f, nil
}

// file is a file that is open for reading.
type file struct {
	s      *Session
	under  vfs.File
	cancel context.CancelFunc
	path   vfs.Path
	start  time.Time

	bytes  atomic.Int64
	failed firstError
	once   sync.Once
	err    error
}

func (f *file) Info() vfs.Info { return f.under.Info() }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.under.ReadAt(p, off)
	f.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		f.failed.set(err)
	}
	return n, err
}

func (f *file) WriteTo(w io.Writer) (int64, error) {
	n, err := f.under.WriteTo(w)
	f.bytes.Add(n)
	if err != nil {
		f.failed.set(err)
	}
	return n, err
}

// Close cancels what is under way on the file, since nobody waits for it any more.
func (f *file) Close() error {
	f.once.Do(func() {
		f.cancel()
		f.err = f.under.Close()
		f.s.drop(f)
		f.s.record(Event{Op: OpDownload, Path: f.path, Bytes: f.bytes.Load(), Duration: time.Since(f.start), Err: f.failed.get()})
		f.s.finish()
	})
	return f.err
}

// firstError keeps the first error that it is given.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (e *firstError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil || errors.Is(e.err, context.Canceled) {
		e.err = err
	}
}

func (e *firstError) get() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
