package object

import (
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// A client can request any size: a write of one byte at 2^50 is a short request. A size that cannot
// be stored is refused at once, before memory or storage is used for it.

const (
	// maxPieces is the largest number of entries in all manifests of a file together, including the
	// holes. Each entry takes memory when the file is published, and when it is opened for a
	// change.
	maxPieces = 1 << 16
	// maxDLOHoles is the largest number of bytes in the holes of a dynamic large object. Its
	// manifest has no ranges, so all of these bytes are stored.
	maxDLOHoles = 16 * gib
)

// LargestFile returns the size of the largest file that can be stored, in bytes.
func (lo *Large) LargestFile(l api.Limits) int64 {
	pieces := int64(maxPieces)
	if l.SLO && l.SLORanges && !lo.writing.Dynamic {
		pieces = 1
		for range maxNesting - 1 {
			pieces = min(pieces*int64(l.SLOSegments), maxPieces)
		}
	}
	return pieces * lo.writing.MaxSegmentSize
}

// CheckAnnounced refuses options with an offset or a size that no file can have.
func (lo *Large) CheckAnnounced(opts vfs.WriteOptions, l api.Limits) error {
	largest := lo.LargestFile(l)
	switch {
	case opts.Offset < vfs.AtEnd || opts.Size < 0:
		return vfs.Errorf(vfs.ErrInvalid, "an offset or a size cannot be negative")
	case opts.Size > largest:
		return tooLarge(largest)
	}
	return nil
}

func tooLarge(largest int64) error {
	return vfs.Errorf(vfs.ErrTooLarge, "file too large: the largest that can be stored here has %d bytes", largest)
}

// checkEnd refuses n bytes at off if no file can have bytes there. A hole of more than a segment is
// also checked against the quota, because the quota would otherwise refuse it only after most of it
// is sent.
func (w *Writer) checkEnd(off, n int64) error {
	largest := w.shared.large.LargestFile(w.pub.limits)
	switch {
	case off < 0:
		return vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
	case off > largest-n:
		return tooLarge(largest)
	}
	size := w.Size()
	hole := off - size
	switch {
	case hole <= w.shared.writing.SegmentSize:
		return nil
	case w.wholeSegments && hole > maxDLOHoles:
		return errHoles
	}
	return w.shared.containers.CheckRoom(w.opened, w.pub.target, hole+n)
}

var errHoles = vfs.Errorf(vfs.ErrTooLarge, "file too large: more than %d bytes of it were never written, and this storage has no holes", int64(maxDLOHoles))
