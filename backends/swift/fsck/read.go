package fsck

import (
	"context"
	"errors"
	"io"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// read reads a whole file, and reports whether its content has the checksums that were stored with
// it. The segments of a large file without checksums are compared with the ETags in its manifest.
func (s *search) read(ctx context.Context, n api.Name, o api.Object) error {
	if o.Size == 0 {
		return nil
	}
	err := s.readWhole(ctx, n)
	switch {
	case err == nil, isGone(err), errors.Is(err, vfs.ErrChanged):
		return nil
	case !errors.Is(err, vfs.ErrCorrupt):
		return s.cannotRead(ctx, n, err)
	}
	return s.found(vfs.Finding{Kind: "wrong-digest", Name: key(n), Text: "its content does not match the checksum that was stored with it: restore it from a copy"})
}

// readWhole reads an object through a reader, which compares the checksum.
func (s *search) readWhole(ctx context.Context, n api.Name) error {
	opened, err := s.Objects.Open(ctx, n, 0)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	f := s.Objects.NewReader(ctx, cancel, opened, opened.Object, n.Object, 0)
	defer f.Close()
	_, err = f.WriteTo(io.Discard)
	return err
}
