package sftp

import (
	"encoding/binary"

	"filegate/core/vfs"
)

const (
	blockSize = 4096
	// noLimit is the space in the answer if there is no limit: 1 PiB, which every client can
	// handle.
	noLimit = 1 << 50
	// maxName is the longest name in the answer, that of Linux. Only the store knows whether a name
	// is possible.
	maxName = 255
)

// space returns the space for the path of a request, in bytes, with substitutes for unknown
// numbers.
func (c *channel) space(r *request) (total, free uint64, err error) {
	path, err := c.pathOfRequest(r)
	if err != nil {
		return 0, 0, err
	}
	space, err := c.sess.StatSpace(c.ctx, path)
	if err != nil {
		return 0, 0, err
	}
	used := max(space.Used, 0)
	f, t := space.Free, space.Total
	switch {
	case f < 0 && t < 0:
		f, t = noLimit, noLimit+used
	case f < 0:
		f = max(t-used, 0)
	case t < 0:
		t = f + used
	}
	// Clients compute the used space as total less free, and the used space may exceed the quota.
	t = max(t, f+used)
	return uint64(t), uint64(f), nil
}

// pathOfRequest returns the path of a request, or of its handle.
func (c *channel) pathOfRequest(r *request) (vfs.Path, error) {
	if r.handle != nil {
		return c.pathOf(r.handle)
	}
	return r.names[0].Path, c.present(r.names[0])
}

// statvfs answers statvfs@openssh.com and fstatvfs@openssh.com.
func statvfs(c *channel, r *request) ([]byte, error) {
	total, free, err := c.space(r)
	if err != nil {
		return nil, err
	}
	p := answer(typeExtendedReply, r.id)
	for _, n := range [...]uint64{
		blockSize, blockSize, total / blockSize, free / blockSize, free / blockSize,
		0, 0, 0, // the numbers of files are unknown
		0, 0, maxName,
	} {
		p = binary.BigEndian.AppendUint64(p, n)
	}
	return p, nil
}

// spaceAvailable answers space-available (draft-ietf-secsh-filexfer-extensions-00, section 4).
func spaceAvailable(c *channel, r *request) ([]byte, error) {
	total, free, err := c.space(r)
	if err != nil {
		return nil, err
	}
	p := answer(typeExtendedReply, r.id)
	for _, n := range [...]uint64{total, free, total, free} {
		p = binary.BigEndian.AppendUint64(p, n)
	}
	return binary.BigEndian.AppendUint32(p, blockSize), nil
}
