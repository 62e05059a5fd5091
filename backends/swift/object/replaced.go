package object

import (
	"context"
	"net/http"
	"slices"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// replaced returns the segments of the object that the file is about to replace.
func (p *publisher) replaced(ctx context.Context) ([]api.Name, error) {
	if !p.old.Exists() {
		return nil, nil
	}
	if p.opts.Truncate && !p.old.IsLarge() && p.unchanged() {
		return nil, nil // it has no segments
	}
	// The object may have been replaced since it was looked up, and may now have other segments.
	now, err := p.shared.client.Head(ctx, p.target)
	switch {
	case api.StatusOf(err) == http.StatusNotFound && p.opts.Truncate:
		return nil, nil
	case api.StatusOf(err) == http.StatusNotFound, err == nil && !p.opts.Truncate && now.ETag != p.old.ETag:
		// The new content uses segments of the old content. After a rename of the old file, these
		// segments belong to a file with another name.
		return nil, vfs.ErrChanged
	case err != nil:
		return nil, api.Translate(err)
	}
	return p.segmentsOf(ctx, now)
}

// segmentsOf returns the segments of the object that now has the file's name.
func (p *publisher) segmentsOf(ctx context.Context, now api.Object) ([]api.Name, error) {
	segments, err := p.shared.large.FreedBy(ctx, p.target, now)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return segments, api.Translate(err)
}

// sweep deletes, after a commit, the segments of the old content and of this upload that the new
// content does not use.
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
