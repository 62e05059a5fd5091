package sftp

import (
	"context"
	"io"
	"sync/atomic"

	"filegate/core/session"
	"filegate/core/vfs"
)

// writer is a file that is open for writing, and perhaps for reading too.
type writer struct {
	under  vfs.Writer
	ctx    context.Context // the channel's, for Commit: CLOSE brings none
	sess   *session.Session
	forget func() // takes it out of the handlers' list

	// broken is set when the content cannot be what the client meant. A write that failed the session remembers itself; not one that
	// panicked, nor that the connection broke.
	broken atomic.Bool
}

func (w *writer) WriteAt(p []byte, off int64) (n int, err error) {
	defer func() {
		if err != nil {
			w.broken.Store(true)
		}
	}()
	defer recoverTo(&err, w.sess)
	if off < 0 {
		return 0, status(vfs.Errorf(vfs.ErrInvalid, "a negative offset"))
	}
	n, err = w.under.WriteAt(p, off)
	return n, status(err)
}

func (w *writer) ReadAt(p []byte, off int64) (n int, err error) {
	defer recoverTo(&err, w.sess)
	if off < 0 {
		return 0, status(vfs.Errorf(vfs.ErrInvalid, "a negative offset"))
	}
	r, err := vfs.ReadWriterAt(w.under)
	if err != nil {
		return 0, status(err)
	}
	n, err = r.ReadAt(p, off)
	return n, status(err)
}

func (w *writer) source() (io.ReaderAt, error) { return vfs.ReadWriterAt(w.under) }

// TransferError is called before Close when the connection has ended with the file still open.
func (w *writer) TransferError(error) { w.broken.Store(true) }

// Close publishes what has been written.
func (w *writer) Close() (err error) {
	defer recoverTo(&err, w.sess)
	defer w.under.Close()
	w.forget()
	if w.broken.Load() {
		return status(vfs.Errorf(vfs.ErrInvalid, "not saved, since a write to it failed"))
	}
	_, err = w.under.Commit(w.ctx)
	return status(err)
}
