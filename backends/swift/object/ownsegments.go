package object

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// A container can keep the old versions of its objects. With X-Versions-Enabled each version has an
// ID. With the older X-Versions-Location and X-History-Location, old versions are copied to another
// container, the archive. The version of a large object is its manifest. Only Swift knows which
// segments the versions use, and changes in place make versions share segments. So in such a
// container segments are not deleted.

// OwnSegments returns the segments that are deleted with an object. The error is not translated.
func (lo *Large) OwnSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	all, err := lo.allSegments(ctx, n, o)
	if errors.Is(err, ErrNoManifest) {
		lo.log.Warn("the segments of a large object are not known: the store returns no manifest, and they are not in the usual places. They stay when the object is removed", "object", n.String())
		return nil, nil
	}
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if copied, err := lo.isCopy(ctx, n, o); err != nil || copied {
		if copied {
			lo.log.Warn("the segments of a large object are those of another object, of which it is a copy. They stay when the object is removed", "object", n.String())
		}
		return nil, err
	}
	if o.DLO != "" {
		if whole, err := lo.ownsLegacy(ctx, n, o); err != nil || whole {
			return all, err
		}
	}
	own := slices.DeleteFunc(slices.Clone(all), func(seg api.Name) bool { return !isHiddenSegment(n, seg) })
	if len(own) < len(all) {
		lo.log.Warn("segments of a large object are not in a place that is known to be for segments. They stay when the object is removed", "object", n.String(), "segment", all[0].String())
	}
	return own, nil
}

// allSegments returns the names of the segments of a large object. It takes them from the manifest,
// or from findSegments if the store returns no manifest. The error is not translated.
func (lo *Large) allSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	switch {
	case o.ThroughLink: // the target of the link keeps its segments
	case o.SLO:
		return lo.segmentsIn(ctx, n, maxNesting, isHiddenSegment)
	case o.DLO != "":
		var all []api.Name
		segments, prefix := o.DLOPrefix(n)
		err := lo.lists.EachListed(ctx, segments, prefix, func(e listing.Entry) error {
			if IsDLOSegment(prefix, e.Name) {
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

// segmentsIn returns the names in the manifest of a static large object. For each nested manifest
// for which follow returns true, it also returns the names in it. The error is not translated.
func (lo *Large) segmentsIn(ctx context.Context, n api.Name, depth int, follow func(n, seg api.Name) bool) ([]api.Name, error) {
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

// EverySegment returns the names of all segments of a large object, including those that are used
// for something else too. The error is not translated.
func (lo *Large) EverySegment(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	if o.SLO {
		return lo.segmentsIn(ctx, n, maxNesting, func(_, _ api.Name) bool { return true })
	}
	var all []api.Name
	container, prefix := o.DLOPrefix(n)
	err := lo.lists.EachListed(ctx, container, prefix, func(e listing.Entry) error {
		all = append(all, container.With(e.Name))
		return nil
	})
	return all, err
}

// IsPartOf reports whether the object with a name is a segment of a large file, or would become one
// by being created. The error is not translated.
func (lo *Large) IsPartOf(ctx context.Context, n api.Name, there api.Object, file api.Name, o api.Object) (bool, error) {
	if o.DLO != "" {
		container, prefix := o.DLOPrefix(file)
		return container == n.Top() && strings.HasPrefix(n.Object, prefix), nil
	}
	if !o.SLO || !there.Exists() {
		return false, nil
	}
	all, err := lo.EverySegment(ctx, file, o)
	if errors.Is(err, ErrNoManifest) {
		return false, nil
	}
	return slices.Contains(all, n), err
}

// FreedBy returns the segments that an object no longer needs when it is removed or replaced.
// Release checks them once more.
func (lo *Large) FreedBy(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	if o.VersionID != "" {
		return nil, nil
	}
	return lo.OwnSegments(ctx, n, o)
}

// mayBeInVersions reports whether old versions may use some of the segments of an object. The
// caller must call it after the object was deleted or replaced, so that mayBeInVersions also sees a
// container that has begun to keep versions just before. The segments of a file that was moved stay
// in the container for segments of its old container, so versions in the old container count too.
// The error is not translated.
func (lo *Large) mayBeInVersions(ctx context.Context, n api.Name, segments []api.Name) (bool, error) {
	containers := map[api.Name]bool{n.Top(): true}
	for _, seg := range segments {
		if seg.Top() != n.SegmentsContainer() {
			containers[seg.SegmentsOf()] = true
		}
	}
	found := make(chan api.Versioning, len(containers))
	g, ctx := errgroup.WithContext(ctx)
	for c := range containers {
		g.Go(func() error {
			v, err := lo.client.Versioning(ctx, c)
			found <- v
			return err
		})
	}
	err := g.Wait()
	close(found)
	for v := range found {
		if v.Keeps() {
			return true, nil
		}
	}
	return false, err
}

// deleteSegments deletes segments that nothing uses any more. If it fails, the error is only
// logged, and the segments remain stored.
func (lo *Large) deleteSegments(ctx context.Context, all []api.Name) {
	if len(all) == 0 {
		return
	}
	err := lo.client.DeleteAll(ctx, all)
	if err != nil {
		lo.log.Warn("segments not deleted", "first", all[0].String(), "count", len(all), "err", err)
	}
}
