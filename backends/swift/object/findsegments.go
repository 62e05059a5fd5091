package object

import (
	"context"
	"crypto/md5" //nolint:gosec // Swift's ETags are MD5
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"net/http"
	"path"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// Ceph's RadosGW does not give the manifests of static large objects out. Where the segments of
// filegate's own lie, the metadata of the object says. Those of other programs are looked for where
// these put them. What is found is taken for the object's only where it has the size of the object,
// and the ETag, which is made of those of the segments.

// ErrNoManifest is the failure to find out what a large object is made of.
var ErrNoManifest = errors.New("the store gives out no manifest, and the segments are not found")

// findSegments returns the segments of a static large object by listings. The error is not
// translated.
func (lo *Large) findSegments(ctx context.Context, n api.Name) ([]manifestEntry, error) {
	o, err := lo.client.Head(ctx, n)
	if err != nil {
		return nil, err
	}
	for _, place := range segmentPlacesOf(n, o) {
		found, err := lo.segmentsBelow(ctx, place, o)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, fmt.Errorf("%q: %w", n.String(), ErrNoManifest)
}

// segmentPlacesOf returns what the names of an object's segments may begin with: what its metadata
// says, and the places of filegate, swiftclient and rclone, of OpenDAL, and of Swift's S3.
func segmentPlacesOf(n api.Name, o api.Object) []api.Name {
	var all []api.Name
	if place, ok := o.SegmentsPlace(n); ok {
		all = append(all, place)
	}
	all = append(all,
		n.SegmentsContainer().With(api.SegmentsPrefix(n.Object)),
		api.Name{Account: n.Account, Container: n.Container + "+segments", Object: n.Object + "/"})
	for _, top := range segmentPlaces {
		all = append(all, n.With(top+"/"+n.Object+"/"))
	}
	return all
}

// segmentsBelow returns the segments in the one directory below a place that an object is made of,
// or nil where there is none, or more than one.
func (lo *Large) segmentsBelow(ctx context.Context, place api.Name, o api.Object) ([]manifestEntry, error) {
	var found, group []manifestEntry
	var size int64
	var etag hash.Hash
	dir, several := "", false
	end := func() {
		sum := ""
		if len(group) > 0 {
			sum = hex.EncodeToString(etag.Sum(nil))
		}
		// A manifest that was sent without the ETags of its segments has that of nothing.
		if len(group) > 0 && size == o.Size && (sum == o.ETag || o.ETag == api.EmptyETag) {
			several = found != nil
			found = group
		}
	}
	err := lo.lists.EachListed(ctx, place.Top(), place.Object, func(e listing.Entry) error {
		if d := path.Dir(e.Name); d != dir || etag == nil {
			end()
			group, size, etag, dir = nil, 0, md5.New(), d //nolint:gosec // Swift's ETags are MD5
		}
		if len(group) > maxPieces || e.Bytes < 0 || e.Bytes > math.MaxInt64-size {
			return nil // no file of ours is so large
		}
		etag.Write([]byte(e.Hash))
		size += e.Bytes
		group = append(group, manifestEntry{Name: place.With(e.Name).InAccount(), Hash: e.Hash, Bytes: e.Bytes})
		return nil
	})
	switch {
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden:
		return nil, nil
	case err != nil:
		return nil, err
	}
	end()
	if several {
		return nil, nil
	}
	return found, nil
}
