package swift

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A container can keep what is replaced or deleted in it: since X-Versions-Enabled each version of an object has an id; with X-Versions-Location or
// X-History-Location, the older ways, old versions are copied to another container, the archive. Of a large object the version is the manifest. Nobody
// but Swift knows which segments the versions name, and changes made in place share them: so in such a container segments stay.

// versionHeader tells of which version an answer is. It is in all answers about objects of a container that keeps versions, or once did.
const versionHeader = "X-Object-Version-Id"

// nullVersion is the id of an object from a time at which its container kept no versions.
const nullVersion = "null"

// versioning is how a container keeps versions.
type versioning struct {
	enabled bool   // by their ids; also when that has been turned off, since what was kept until then stays
	archive string // where they go by the older ways
}

func versioningOf(container http.Header) versioning {
	v := versioning{enabled: container.Get("X-Versions-Enabled") != ""}
	for _, key := range []string{"X-History-Location", "X-Versions-Location"} {
		if location := container.Get(key); location != "" {
			v.archive, _, _ = strings.Cut(unquote(location), "/")
		}
	}
	return v
}

// keeps says whether there are versions at all.
func (v versioning) keeps() bool { return v.enabled || v.archive != "" }

// askVersioning asks how a container keeps versions. One that is not there keeps none. The error is not translated.
func (c *client) askVersioning(ctx context.Context, container name) (versioning, error) {
	resp, err := c.send(ctx, request{method: http.MethodHead, target: container})
	switch {
	case status(err) == http.StatusNotFound:
		return versioning{}, nil
	case err != nil:
		return versioning{}, err
	}
	return versioningOf(resp.header), nil
}

// isVersion says whether the object is one of several versions, as its headers tell.
func (o object) isVersion() bool { return o.versionID != "" && o.versionID != nullVersion }

// freedBy returns the segments of an object that go with it when it is removed or replaced, as far as is known before. The error is not translated.
func (f *FS) freedBy(ctx context.Context, n name, o object) ([]name, error) {
	if o.versionID != "" {
		return nil, nil
	}
	return f.segmentsOf(ctx, n, o)
}

// mayBeInVersions says whether old versions may name some of the segments of an object. It is asked after the object is gone or has another content, so
// that versions which are kept from then on are known of. A file that was moved here has left its segments in the place of the container that
// it came from, where versions may name them too. The error is not translated.
func (f *FS) mayBeInVersions(ctx context.Context, n name, segments []name) (bool, error) {
	containers := map[name]bool{n.top(): true}
	for _, seg := range segments {
		if seg.top() != n.segments() {
			containers[seg.segmentsOf()] = true
		}
	}
	found := make(chan versioning, len(containers))
	g, ctx := errgroup.WithContext(ctx)
	for c := range containers {
		g.Go(func() error {
			v, err := f.client.askVersioning(ctx, c)
			found <- v
			return err
		})
	}
	err := g.Wait()
	close(found)
	for v := range found {
		if v.keeps() {
			return true, nil
		}
	}
	return false, err
}

// segmentsOf is the container of whose files n is a segment: the one that it lies in, or the one that this is named after.
func (n name) segmentsOf() name {
	if of, ok := cutSegmentsSuffix(n.container); ok {
		return name{account: n.account, container: of}
	}
	return n.top()
}

// deletedType is the type of a version that says only that the object was deleted.
const deletedType = "application/x-deleted;swift_versions_deleted=1"

// lastVersion is an id behind that of every version there will be.
const lastVersion = "9999999999.99999"
