package sftp

import (
	"io"

	"filegate/core/session"
	"filegate/core/vfs"
)

// reader is a file that is open for reading.
type reader struct {
	file   vfs.File
	sess   *session.Session
	forget func() // takes it out of the handlers' list
}

func (r *reader) ReadAt(p []byte, off int64) (n int, err error) {
	defer recoverTo(&err, r.sess)
	if off < 0 {
		return 0, status(vfs.Errorf(vfs.ErrInvalid, "a negative offset"))
	}
	n, err = r.file.ReadAt(p, off)
	return n, status(err)
}

func (r *reader) Close() (err error) {
	defer recoverTo(&err, r.sess)
	r.forget()
	return status(r.file.Close())
}

func (r *reader) source() (io.ReaderAt, error) { return r.file, nil }
