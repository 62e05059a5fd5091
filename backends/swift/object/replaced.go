package object

import (
	"context"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
	"net/http"
	"slices"
)

// replaced returns the segments of what the file is about to replace.
func (w *Writer) replaced(ctx context.Context) ([]api.Name, error) {
	if !w.old.Exists() {
		return nil, nil
	}
	if w.opts.Truncate && !w.old.IsLarge() && w.unchanged() {
		return nil, nil // it has no segments
	}
	// It may have become a large object, or another one, since it was looked at.
	now, err := w.shared.client.Head(ctx, w.target)
	switch {
	case api.StatusOf(err) == http.StatusNotFound && w.opts.Truncate:
		return nil, nil
	case api.StatusOf(err) == http.StatusNotFound, err == nil && !w.opts.Truncate && now.ETag != w.old.ETag:
		// The segments that the new content is to share with the old may be those of a file with
		// another name by now.
		return nil, vfs.ErrChanged
	case err != nil:
		return nil, api.Translate(err)
	}
	return w.segmentsOf(ctx, now)
}

// SegmentsOf returns the segments of what has the file's name now.
func (w *Writer) segmentsOf(ctx context.Context, now api.Object) ([]api.Name, error) {
	segments, err := w.shared.large.FreedBy(ctx, w.target, now)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return segments, api.Translate(err)
}

// sweep deletes, after a commit, what the new content does not need of the old one's segments, and
// of its own, which were never anything else's.
func (w *Writer) sweep(ctx context.Context, replaced []api.Name, named map[api.Name]bool) {
	own := w.parts.names()
	if w.resumed != nil {
		own = append(own, w.resumed.segments...)
	}
	unneeded := func(all []api.Name) []api.Name {
		return slices.DeleteFunc(all, func(n api.Name) bool { return named[n] })
	}
	w.shared.large.deleteSegments(ctx, unneeded(own))
	w.shared.renames.Release(ctx, w.target, unneeded(replaced))
}
