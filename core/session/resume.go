package session

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"filegate/core/vfs"
)

// resumption is what is known of a file whose client may go on with an upload of which nothing, or
// not enough, is there. FTP says where it goes on when it begins (WriteOptions.Offset). An SFTP
// client just writes there, and that another handle, or a later write, fills what is before it is
// known at the end only.
type resumption struct {
	possible atomic.Bool
	begun    int64        // the size at opening
	lowest   atomic.Int64 // where the first byte was written, in the order of the file
	failed   atomic.Bool  // nothing that was written is of use
}

// wrote notes a write, or with 0 anything that says how long the file is to be.
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

// complete returns an error where a client has gone on with what is not there.
func (o *openFile) complete(ctx context.Context, at vfs.Path) error {
	r := &o.resumption
	lowest := r.lowest.Load()
	if !r.possible.Load() || lowest <= r.begun || lowest == math.MaxInt64 {
		return nil
	}
	info, err := o.fs.Stat(ctx, at)
	if err == nil && !info.Partial || err != nil && !errors.Is(err, vfs.ErrNotExist) {
		return nil // a file that is there may get a hole; and who may not look has to be believed
	}
	r.failed.Store(r.begun == 0)
	return vfs.Errorf(vfs.ErrInvalid, "not saved: the upload goes on at byte %d, and of what is before it only %d bytes are here. Send the file from its beginning", lowest, r.begun)
}
