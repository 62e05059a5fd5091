package sftp

import (
	"io"
	"math"

	"filegate/core/session"
	"filegate/core/vfs"
)

// copyData copies from one open file to another (OpenSSH's PROTOCOL, section 4.10). As in OpenSSH's
// server, the status is EOF if there is less to copy than requested, and a failure if both files
// are the same.
func copyData(c *channel, r *request) ([]byte, error) {
	to, ok := r.handle.file.(*writer)
	if !ok || !r.handle.writes() {
		return nil, vfs.Errorf(vfs.ErrInvalid, "a copy needs a file that is open for writing")
	}
	off, length, at := r.numbers[0], r.numbers[1], r.numbers[2]
	n, err := c.copyTo(to, r.otherHandle, off, length, at)
	if err != nil {
		to.broken.Store(true)
		return nil, err
	}
	if length > 0 && uint64(n) < length {
		return nil, io.EOF
	}
	return nil, nil
}

func (c *channel) copyTo(to *writer, from *handle, off, length, at uint64) (int64, error) {
	if off > math.MaxInt64 || length > math.MaxInt64-off || at > math.MaxInt64 || length > math.MaxInt64-at {
		return 0, errTooLarge
	}
	if from == nil {
		return 0, errHandle
	}
	if !from.reads() {
		return 0, vfs.Errorf(vfs.ErrInvalid, "a copy needs a file that is open for reading")
	}
	source, err := from.file.source()
	if err != nil {
		return 0, err
	}
	if to.appends {
		to.append.Lock()
		defer to.append.Unlock()
		at = uint64(to.under.Size())
	}
	part := session.Range{Off: int64(off), Len: int64(length)}
	if length == 0 {
		part.Len = -1
	}
	return c.sess.CopyRange(c.ctx, source, part, to.under, int64(at))
}
