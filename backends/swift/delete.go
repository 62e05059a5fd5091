package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// Remove implements [vfs.FS]. The object goes first and its segments after it: what fails in
// between leaves segments without a file, never a file without segments.
func (f *FS) Remove(ctx context.Context, p vfs.Path) error {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return err
	case !n.IsObject():
		if _, _, err := f.lookup(ctx, n, p.Base()); err != nil {
			return err
		}
		return vfs.ErrIsDir
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case o.ThroughLink || api.CannotFollow(err):
		f.keepParent(ctx, n)
		return api.Translate(f.client.Delete(ctx, n))
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
		cut, partialErr := f.uploads.findPartial(ctx, n)
		if partialErr == nil && cut != nil {
			partialErr = f.uploads.removePartial(ctx, n, cut)
			f.containers.dropSegmentsContainer(ctx, n)
			return api.Translate(partialErr)
		}
		if cleared, ghostErr := f.clearGhost(ctx, n); cleared || ghostErr != nil {
			return api.Translate(ghostErr)
		}
		return cmp.Or(api.Translate(partialErr), err)
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	}
	freed, err := f.large.freedBy(ctx, n, o)
	if err != nil {
		return api.Translate(err)
	}
	made := f.keepParent(ctx, n)
	switch taken, err := f.client.Take(ctx, n); {
	case err != nil:
		return api.Translate(err)
	case !taken: // somebody else has removed it meanwhile, or given it another name, with its segments
		if made {
			f.unkeepParent(ctx, n)
		}
		return vfs.ErrNotExist
	}
	f.renames.release(ctx, n, freed)
	if len(freed) > 0 {
		f.containers.dropSegmentsContainer(ctx, n)
	}
	return nil
}

// SegmentsOf returns the names of an object's segments that go with it. The error is not
// translated.
func (lo *large) segmentsOf(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	all, err := lo.allSegments(ctx, n, o)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if o.DLO != "" {
		if whole, err := lo.ownsLegacy(ctx, n, o); err != nil || whole {
			return all, err
		}
	}
	return slices.DeleteFunc(all, func(seg api.Name) bool { return !isHiddenSegment(n, seg) }), nil
}

// allSegments returns the names of what a large object is made of. It follows the manifest, and
// never a guess. The error is not translated.
func (lo *large) allSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	switch {
	case o.ThroughLink: // what it leads to keeps its own
	case o.SLO:
		return lo.segmentsIn(ctx, n, maxNesting, isHiddenSegment)
	case o.DLO != "":
		var all []api.Name
		segments, prefix := o.DLOPrefix(n)
		err := lo.lists.EachListed(ctx, segments, prefix, func(e listing.Entry) error {
			if isDLOSegment(prefix, e.Name) {
				all = append(all, segments.With(e.Name))
			}
			return nil
		})
		if api.StatusOf(err) == http.StatusNotFound {
			return nil, nil
		}
		return all, err
	}
	return nil, nil
}

// segmentsIn returns the names of what a static large object's manifest names and, of those
// manifests among that which follow chooses, what they name. The error is not translated.
func (lo *large) segmentsIn(ctx context.Context, n api.Name, depth int, follow func(n, seg api.Name) bool) ([]api.Name, error) {
	entries, err := lo.manifest(ctx, n)
	if err != nil {
		return nil, err
	}
	var all []api.Name
	seen := map[api.Name]bool{}
	for _, m := range entries {
		seg, ok := m.segment(n.Account)
		if !ok || seen[seg] {
			continue
		}
		seen[seg] = true
		all = append(all, seg)
		if !m.SubSLO || depth == 0 || !follow(n, seg) {
			continue
		}
		inner, err := lo.segmentsIn(ctx, seg, depth-1, follow)
		if err != nil && api.StatusOf(err) != http.StatusNotFound {
			return nil, err
		}
		all = append(all, inner...)
	}
	return all, nil
}

// isHiddenSegment reports whether a segment is one that only manifests use. A manifest can also be
// made over files that people see and use by their own names; those stay.
func isHiddenSegment(n, seg api.Name) bool {
	switch {
	case api.IsSegments(seg.Container):
		return true
	case seg.Container == n.Container:
		// The layout of sftp-cloudfs, and those of programs without a container of its own for
		// segments.
		rest, ok := strings.CutPrefix(seg.Object, n.Object)
		return ok && strings.Contains(rest, ".part/") || inSegmentPlace(seg.Object) || isOwnPart(seg.Object)
	}
	return false
}

// isOwnPart reports whether an object is a segment beside a file, of whatever name by now:
// FILE.part/<upload id>/<offset>-<sequence>.
func isOwnPart(object string) bool {
	elements := strings.Split(object, "/")
	if len(elements) < 3 {
		return false
	}
	last := elements[len(elements)-3:]
	_, _, ok := parseSegmentName(last[2])
	return ok && isUploadID(last[1]) && strings.HasSuffix(last[0], ".part")
}

// isDLOSegment reports whether an object that begins with a manifest's prefix is one of its
// segments. Where the prefix does not end in a slash it may be the beginning of a stranger's name
// too: "file.part" is that of "file.partial".
func isDLOSegment(prefix, object string) bool {
	rest := strings.TrimPrefix(object, prefix)
	if strings.HasSuffix(prefix, "/") {
		return rest != ""
	}
	rest = strings.TrimPrefix(rest, "/")
	return rest != "" && strings.Trim(rest, "0123456789") == ""
}

// replaced returns the segments of what the file is about to replace.
func (w *writer) replaced(ctx context.Context) ([]api.Name, error) {
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
func (w *writer) segmentsOf(ctx context.Context, now api.Object) ([]api.Name, error) {
	segments, err := w.shared.large.freedBy(ctx, w.target, now)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return segments, api.Translate(err)
}

// sweep deletes, after a commit, what the new content does not need of the old one's segments, and
// of its own, which were never anything else's.
func (w *writer) sweep(ctx context.Context, replaced []api.Name, named map[api.Name]bool) {
	own := w.parts.names()
	if w.resumed != nil {
		own = append(own, w.resumed.segments...)
	}
	unneeded := func(all []api.Name) []api.Name {
		return slices.DeleteFunc(all, func(n api.Name) bool { return named[n] })
	}
	w.shared.large.deleteSegments(ctx, unneeded(own))
	w.shared.renames.release(ctx, w.target, unneeded(replaced))
}

// deleteSegments deletes segments that nothing names any more. What cannot be deleted stays as
// garbage: that is for the log, and no failure of the operation that it belongs to.
func (lo *large) deleteSegments(ctx context.Context, all []api.Name) {
	if len(all) == 0 {
		return
	}
	err := lo.client.DeleteAll(ctx, all)
	if err != nil {
		lo.log.Warn("segments not deleted", "first", all[0].String(), "count", len(all), "err", err)
	}
}
