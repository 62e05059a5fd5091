package sftp

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"filegate/core/session"
	"filegate/core/vfs"
)

// openFile is a file that a client has open.
type openFile interface {
	// info describes the content behind the handle.
	info() (vfs.Info, error)
	// size is its present size.
	size() int64
	// source is what reads from it.
	source() (io.ReaderAt, error)
}

// reader is a file that is open for reading. The library reads from it.
type reader struct {
	file vfs.File
	sess *session.Session
}

var errNegative = vfs.Errorf(vfs.ErrInvalid, "a negative offset")

func (r *reader) ReadAt(p []byte, off int64) (n int, err error) {
	defer recoverTo(&err, r.sess)
	if off < 0 {
		return 0, status(errNegative)
	}
	n, err = r.file.ReadAt(p, off)
	return n, status(err)
}

func (r *reader) Close() (err error) {
	defer recoverTo(&err, r.sess)
	return status(r.file.Close())
}

func (r *reader) info() (vfs.Info, error)      { return r.file.Info(), nil }
func (r *reader) size() int64                  { return r.file.Info().Size }
func (r *reader) source() (io.ReaderAt, error) { return r.file, nil }

// writer is a file that is open for writing, and perhaps for reading too. The library writes to it.
type writer struct {
	under vfs.Writer
	ctx   context.Context // the channel's, for Commit: CLOSE brings none
	sess  *session.Session

	appends bool       // whatever is written goes to the end
	append  sync.Mutex // held by a write that does, or a copy

	// broken is set when the content cannot be what the client meant. A write that failed the
	// session remembers itself; not one that panicked, nor that the connection broke.
	broken atomic.Bool
}

func (w *writer) WriteAt(p []byte, off int64) (n int, err error) {
	defer func() {
		if err != nil {
			w.broken.Store(true)
		}
	}()
	defer recoverTo(&err, w.sess)
	if w.appends {
		w.append.Lock()
		defer w.append.Unlock()
		n, err = w.sess.Append(w.under, p)
		return n, status(err)
	}
	if off < 0 {
		return 0, status(errNegative)
	}
	n, err = w.under.WriteAt(p, off)
	return n, status(err)
}

func (w *writer) ReadAt(p []byte, off int64) (n int, err error) {
	defer recoverTo(&err, w.sess)
	if off < 0 {
		return 0, status(errNegative)
	}
	r, err := w.source()
	if err != nil {
		return 0, status(err)
	}
	n, err = r.ReadAt(p, off)
	return n, status(err)
}

// TransferError is called before Close when the connection has ended with the file still open.
func (w *writer) TransferError(error) { w.broken.Store(true) }

// Close publishes what has been written.
func (w *writer) Close() (err error) {
	defer recoverTo(&err, w.sess)
	defer w.under.Close()
	if err := w.failed(); err != nil {
		return status(err)
	}
	_, err = w.under.Commit(w.ctx)
	return status(err)
}

// failed returns why the file will not be saved.
func (w *writer) failed() error {
	if w.broken.Load() {
		return vfs.Errorf(vfs.ErrInvalid, "not saved because a write failed")
	}
	return nil
}

func (w *writer) info() (vfs.Info, error)      { return w.sess.WriterInfo(w.under) }
func (w *writer) size() int64                  { return w.under.Size() }
func (w *writer) source() (io.ReaderAt, error) { return vfs.ReadWriterAt(w.under) }
