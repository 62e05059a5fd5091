package swift

import (
	"context"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
)

// A container can keep what is replaced or deleted in it: since X-Versions-Enabled each version of
// an object has an id; with X-Versions-Location or X-History-Location, the older ways, old versions
// are copied to another container, the archive. Of a large object the version is the manifest.
// Nobody but Swift knows which segments the versions name, and changes made in place share them: so
// in such a container segments stay.

// freedBy returns the segments of an object that go with it when it is removed or replaced, as far
// as is known before. The error is not translated.
func (lo *large) freedBy(ctx context.Context, n api.Name, o api.Object) ([]api.Name, error) {
	if o.VersionID != "" {
		return nil, nil
	}
	return lo.segmentsOf(ctx, n, o)
}

// mayBeInVersions reports whether old versions may name some of the segments of an object. It is
// asked after the object is gone or has another content, so that versions which are kept from then
// on are known of. A file that was moved here has left its segments in the place of the container
// that it came from, where versions may name them too. The error is not translated.
func (lo *large) mayBeInVersions(ctx context.Context, n api.Name, segments []api.Name) (bool, error) {
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

// lastVersion is an id behind that of every version there will be.
const lastVersion = "9999999999.99999"
