package swift

import (
	"context"
	"io"

	"filegate/core/vfs"
)

// sticky is a listing that does not go on after an error: entries may be missing behind it, and the
// end would then look as if the listing were whole.
type sticky struct {
	vfs.Lister
	failed error
}

// Next implements [vfs.Lister]. After an error it returns that error again. A context that has
// ended before the call changes nothing.
func (s *sticky) Next(ctx context.Context) ([]vfs.Info, error) {
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
