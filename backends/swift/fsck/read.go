package fsck

import (
	"context"
	"errors"
	"fmt"
	"io"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// read reads a whole file, and reports whether its content has the checksums that were stored with
// it. A large file of another program has none: its segments are read, each of which has an ETag.
func (s *search) read(ctx context.Context, n api.Name, o api.Object) error {
	if o.Size == 0 {
		return nil
	}
	w := &wrong{}
	var err error
	switch own := o.Header.Get(api.MetaCRC64) != ""; {
	case o.SLO && !own:
		err = s.readStatic(ctx, n, maxNesting, w)
	case o.DLO != "" && !own:
		container, prefix := o.DLOPrefix(n)
		err = s.Lists.EachListed(ctx, container, prefix, func(e listing.Entry) error {
			return s.readSegment(ctx, container.With(e.Name), w)
		})
	default:
		if err = s.readWhole(ctx, n); errors.Is(err, vfs.ErrCorrupt) {
			return s.found(vfs.Finding{Kind: "wrong-digest", Name: key(n), Text: "its content does not match the checksum that was stored with it: restore it from a copy"})
		}
	}
	switch {
	case w.all > 0:
		return s.found(vfs.Finding{Kind: "wrong-digest", Name: key(n), Text: fmt.Sprintf("the content of segments does not match their checksums: %s. Restore the file from a copy", someOf(w.some, w.all))})
	case err == nil, isGone(err), errors.Is(err, vfs.ErrChanged), errors.Is(err, object.ErrNoManifest):
		return nil
	}
	return s.cannotRead(ctx, n, err)
}

// readStatic reads the segments of a static large object, each once. The error is not translated.
func (s *search) readStatic(ctx context.Context, n api.Name, depth int, w *wrong) error {
	parts, err := s.Large.PartsOf(ctx, n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !p.Nested {
			err = s.readSegment(ctx, p.Name, w)
		} else if depth > 0 { // deeper ones are reported when the manifest is read
			err = s.readStatic(ctx, p.Name, depth-1, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readSegment reads a segment, and notes it if its content does not match its ETag. A missing one is
// reported elsewhere.
func (s *search) readSegment(ctx context.Context, n api.Name, w *wrong) error {
	err := s.readWhole(ctx, n)
	switch {
	case errors.Is(err, vfs.ErrCorrupt):
		w.add("%s", key(n))
	case err != nil && !isGone(err) && !errors.Is(err, vfs.ErrChanged):
		return err
	}
	return nil
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
