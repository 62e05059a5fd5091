package swift

import (
	"context"
	"io"

	"filegate/core/vfs"
)

// stickyLister is a listing that returns its first error at each further call. After an error,
// entries may be missing, and a later io.EOF would make the listing look complete.
type stickyLister struct {
	vfs.Lister
	failed error
}

// Next implements [vfs.Lister]. After an error it returns that error again. A context that has
// ended before the call changes nothing.
func (s *stickyLister) Next(ctx context.Context) ([]vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.failed != nil {
		return nil, s.failed
	}
	page, err := s.Lister.Next(ctx)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return page, err
}
