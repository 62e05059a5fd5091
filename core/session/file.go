package session

import (
	"context"
	"io"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Open implements [vfs.FS].
func (s *Session) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	f := &file{transfer: s.newTransfer(ctx, &s.out), path: name}
	e := Event{Op: OpDownload, Path: name}
	err := s.enter(f.ctx, f, &e, func() (_ io.Closer, err error) {
		f.place = e.Place
		f.under, err = s.openFor(f.ctx, name, opts)
		return f.under, err
	}, auth.Read)
	if err != nil {
		f.cancel()
		return nil, err
	}
	return f, nil
}

// file is a file open for reading.
type file struct {
	transfer
	under vfs.File
	path  vfs.Path
}

func (f *file) Info() vfs.Info { return f.under.Info() }

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.move(func() (n int64, err, outcome error) {
		m, err := f.under.ReadAt(p, off)
		if err != io.EOF {
			outcome = err
		}
		f.progress.add(m)
		return int64(m), err, outcome
	})
	if stop := f.pass(f.s.limits.down, int(n)); stop != nil {
		return 0, f.fail(stop)
	}
	return int(n), err
}

func (f *file) WriteTo(w io.Writer) (int64, error) {
	return f.move(func() (n int64, err, outcome error) {
		to := &countedWriter{w: w, progress: f.progress}
		n, err = f.under.WriteTo(f.limitWriter(to))
		return n, err, whose(err, to.err)
	})
}

// Close cancels the running calls on the file.
func (f *file) Close() error {
	f.cancel()
	f.life.Lock()
	defer f.life.Unlock()
	if f.closed {
		return f.closeErr
	}
	f.ended, f.closed = true, true
	defer func() {
		f.s.leave(f, Event{
			Op: OpDownload, Path: f.path, Place: f.place, Bytes: f.bytes.Load(), Duration: time.Since(f.start), Err: f.failed.get(),
			Sums: vfs.FileSums(f.under),
		}.traced(f.trace))
	}()
	f.closeErr = f.under.Close()
	return f.closeErr
}
