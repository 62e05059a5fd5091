package sftp

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"filegate/core/session"
	"filegate/core/vfs"
)

// openFile is an open file.
type openFile interface {
	// info returns the description of the content that the handle reads or writes.
	info() (vfs.Info, error)
	// size returns its current size.
	size() int64
	// source returns a reader of its content.
	source() (io.ReaderAt, error)
}

// reader is a file open for reading, from which the library reads.
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

// writer is a file open for writing, or for reading and writing, to which the library writes.
type writer struct {
	under vfs.Writer
	ctx   context.Context // the channel's, for Commit: the library passes none to Close
	sess  *session.Session

	appends bool       // all data is written at the end
	append  sync.Mutex // held by an appending write and by a copy

	// broken is set if the content cannot be what the client intended. The session remembers writes
	// that it failed, but not a write that panicked or a connection that broke.
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

// Close commits what has been written.
func (w *writer) Close() (err error) {
	defer recoverTo(&err, w.sess)
	defer w.under.Close()
	if err := w.failed(); err != nil {
		return status(err)
	}
	_, err = w.under.Commit(w.ctx)
	return status(err)
}

// failed returns why the file will not be saved, or nil.
func (w *writer) failed() error {
	if w.broken.Load() {
		return vfs.Errorf(vfs.ErrInvalid, "not saved because a write failed")
	}
	return nil
}

func (w *writer) info() (vfs.Info, error)      { return w.sess.WriterInfo(w.under) }
func (w *writer) size() int64                  { return w.under.Size() }
func (w *writer) source() (io.ReaderAt, error) { return vfs.ReadWriterAt(w.under) }
