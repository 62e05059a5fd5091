package fsck

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

const (
	// maxNesting is the depth of nested manifests that Swift follows.
	maxNesting = 10
	// segmentsAtOnce is how many segments of one file are looked up in parallel.
	segmentsAtOnce = 8
)

// static reads the manifest of a static large object, notes its segments, and looks them up. If the
// object is gone, the error is not translated.
func (s *search) static(ctx context.Context, n api.Name, o api.Object, report bool) error {
	w := &wrong{}
	err := s.manifest(ctx, n, maxNesting, report, w)
	switch {
	case errors.Is(err, object.ErrNoManifest):
		s.mu.Lock()
		s.opaque++
		s.mu.Unlock()
		return nil
	case isGone(err):
		return err
	case err != nil:
		return s.cannotRead(ctx, n, err)
	case w.all == 0 || !report:
		return nil
	}
	if now, err := s.Client.Head(ctx, n); err != nil || now.ETag != o.ETag || !now.Modified.Equal(o.Modified) {
		return nil // replaced or deleted meanwhile, together with its segments
	}
	return s.broken(n, "static", w)
}

// broken reports a large file whose segments are not those of its manifest.
func (s *search) broken(n api.Name, form string, w *wrong) error {
	return s.found(vfs.Finding{
		Kind: "broken-manifest", Name: key(n),
		Text: fmt.Sprintf("this %s large object cannot be read as a whole: %s. Restore it from a copy, or remove it", form, someOf(w.some, w.all)),
	})
}

// wrong are the segments of a large object that are missing or changed.
type wrong struct {
	mu   sync.Mutex
	all  int
	some []string
}

func (w *wrong) add(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all++
	if len(w.some) < maxNamed {
		w.some = append(w.some, fmt.Sprintf(format, args...))
	}
}

// manifest notes the segments in a manifest and in nested manifests, and, if look is set, looks them
// up. The error is not translated.
func (s *search) manifest(ctx context.Context, n api.Name, depth int, look bool, w *wrong) error {
	parts, err := s.Large.PartsOf(ctx, n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		s.use(p.Name)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(segmentsAtOnce)
	for _, p := range parts {
		if !look && !p.Nested {
			continue
		}
		g.Go(func() error {
			if look {
				there, err := s.segment(gctx, p, w)
				if p.Nested && err == nil && !there {
					s.countUncertain()
				}
				if err != nil || !there {
					return err
				}
			}
			if !p.Nested {
				return nil
			}
			if depth == 0 {
				return fmt.Errorf("%q: more than %d nested manifests", n.String(), maxNesting)
			}
			err := s.manifest(gctx, p.Name, depth-1, look, w)
			if isGone(err) {
				s.countUncertain()
				w.add("the segment %s is missing", key(p.Name))
				return nil
			}
			return err
		})
	}
	return g.Wait()
}

// segment looks up a segment of a manifest, and reports whether it is there. The error is not
// translated.
func (s *search) segment(ctx context.Context, p object.Part, w *wrong) (there bool, err error) {
	o, err := s.Client.Head(ctx, p.Name)
	switch {
	case isGone(err):
		w.add("the segment %s is missing", key(p.Name))
		return false, nil
	case err != nil:
		return false, err
	case o.Size != p.Size || p.ETag != "" && o.DLO == "" && !strings.EqualFold(strings.Trim(p.ETag, `"`), o.ETag):
		w.add("the segment %s was replaced by another content", key(p.Name))
	}
	return true, nil
}
