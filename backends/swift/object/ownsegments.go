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

// A container can keep what is replaced or deleted in it: since X-Versions-Enabled each version of
// an object has an id; with X-Versions-Location or X-History-Location, the older ways, old versions
// are copied to another container, the archive. Of a large object the version is the manifest.
// Nobody but Swift knows which segments the versions name, and changes made in place share them: so
// in such a container segments stay.

// OwnSegments returns the names of an object's segments that go with it. The error is not
// translated.
func (lo *Large) OwnSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
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
func (lo *Large) allSegments(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	switch {
	case o.ThroughLink: // what it leads to keeps its own
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

// segmentsIn returns the names of what a static large object's manifest names and, of those
// manifests among that which follow chooses, what they name. The error is not translated.
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

// EverySegment returns the names of all that a large object is made of, whatever else it is used
// for. The error is not translated.
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

// IsPartOf reports whether a name is, or would be once it is there, that of a segment of a large
// file. The error is not translated.
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

// FreedBy returns the segments of an object that go with it when it is removed or replaced, as far
// as is known before. The error is not translated.
func (lo *Large) FreedBy(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	if o.VersionID != "" {
		return nil, nil
	}
	return lo.OwnSegments(ctx, n, o)
}

// mayBeInVersions reports whether old versions may name some of the segments of an object. It is
// asked after the object is gone or has another content, so that versions which are kept from then
// on are known of. A file that was moved here has left its segments in the place of the container
// that it came from, where versions may name them too. The error is not translated.
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

// deleteSegments deletes segments that nothing names any more. What cannot be deleted stays as
// garbage: that is for the log, and no failure of the operation that it belongs to.
func (lo *Large) deleteSegments(ctx context.Context, all []api.Name) {
	if len(all) == 0 {
		return
	}
	err := lo.client.DeleteAll(ctx, all)
	if err != nil {
		lo.log.Warn("segments not deleted", "first", all[0].String(), "count", len(all), "err", err)
	}
}
