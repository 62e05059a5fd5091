package session

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"filegate/core/vfs"
)

// resumption checks a client that may resume an upload of which nothing, or not enough, exists. In
// FTP the offset is known at the beginning (WriteOptions.Offset). An SFTP client simply writes
// there, and whether another handle or a later write fills the bytes before it is known only at the
// end.
type resumption struct {
	possible atomic.Bool
	begun    int64        // the size at opening
	lowest   atomic.Int64 // smallest offset that was written
	failed   atomic.Bool  // the written bytes are useless
}

// wrote records a write at off. It is also called with 0 when the size of the file is set.
func (r *resumption) wrote(off int64) {
	for {
		lowest := r.lowest.Load()
		if off >= lowest || r.lowest.CompareAndSwap(lowest, off) {
			return
		}
	}
}

// ExpectResumption makes the Commit of a writer fail if the client resumed an upload that is not
// there. This is so if the file is new or an interrupted upload, and bytes before the first written
// byte neither exist nor were written by any handle. It is not called if the client starts a new
// file or sets the size: files may have holes.
func (s *Session) ExpectResumption(w vfs.Writer) error {
	own, err := s.writerOf(w)
	if err == nil && !own.anew {
		own.resumption.possible.Store(true)
	}
	return err
}

// complete returns an error if a client has resumed an upload that does not exist.
func (o *openFile) complete(ctx context.Context, at vfs.Path) error {
	r := &o.resumption
	lowest := r.lowest.Load()
	if !r.possible.Load() || lowest <= r.begun || lowest == math.MaxInt64 {
		return nil
	}
	info, err := o.fs.Stat(ctx, at)
	if err == nil && !info.Partial || err != nil && !errors.Is(err, vfs.ErrNotExist) {
		return nil // an existing file may get a hole; if Stat is not permitted, the client is trusted
	}
	r.failed.Store(r.begun == 0)
	return vfs.Errorf(vfs.ErrInvalid, "not saved: the client resumed at byte %d, but only %d bytes have arrived before. Upload the whole file again", lowest, r.begun)
}
