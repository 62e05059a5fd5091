package object

import (
	"context"
	"net/http"
	"slices"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// replaced returns the segments of what the file is about to replace.
func (p *publisher) replaced(ctx context.Context) ([]api.Name, error) {
	if !p.old.Exists() {
		return nil, nil
	}
	if p.opts.Truncate && !p.old.IsLarge() && p.unchanged() {
		return nil, nil // it has no segments
	}
	// It may have become a large object, or another one, since it was looked at.
	now, err := p.shared.client.Head(ctx, p.target)
	switch {
	case api.StatusOf(err) == http.StatusNotFound && p.opts.Truncate:
		return nil, nil
	case api.StatusOf(err) == http.StatusNotFound, err == nil && !p.opts.Truncate && now.ETag != p.old.ETag:
		// The segments that the new content is to share with the old may be those of a file with
		// another name by now.
		return nil, vfs.ErrChanged
	case err != nil:
		return nil, api.Translate(err)
	}
	return p.segmentsOf(ctx, now)
}

// SegmentsOf returns the segments of what has the file's name now.
func (p *publisher) segmentsOf(ctx context.Context, now api.Object) ([]api.Name, error) {
	segments, err := p.shared.large.FreedBy(ctx, p.target, now)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return segments, api.Translate(err)
}

// sweep deletes, after a commit, what the new content does not need of the old one's segments, and
// of its own, which were never anything else's.
func (w *Writer) sweep(ctx context.Context, replaced []api.Name, named map[api.Name]bool) {
	own := w.up.parts.names()
	if w.up.resumed != nil {
		own = append(own, w.up.resumed.segments...)
	}
	unneeded := func(all []api.Name) []api.Name {
		return slices.DeleteFunc(all, func(n api.Name) bool { return named[n] })
	}
	w.shared.large.deleteSegments(ctx, unneeded(own))
	w.shared.renames.Release(ctx, w.pub.target, unneeded(replaced))
}
