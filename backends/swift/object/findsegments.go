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

// Ceph's RadosGW does not return the manifests of static large objects. For objects of filegate,
// the metadata has the place of the segments. For objects of other programs, filegate looks in the
// places that these programs use. It accepts the segments that it finds only if they have the size
// and the ETag of the object: the ETag is computed from those of the segments.

// ErrNoManifest is the error for a large object whose segments are not known.
var ErrNoManifest = errors.New("the store returns no manifest, and the segments are not found")

// findSegments returns the segments of a static large object from listings. The error is not
// translated.
func (lo *Large) findSegments(ctx context.Context, n api.Name) ([]returnedEntry, error) {
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

// segmentPlacesOf returns the prefixes that an object's segments may have: the place in its
// metadata, and the places of filegate, swiftclient and rclone, of Swift's S3 API, and of OpenDAL.
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

// segmentsBelow returns the content of the directory below a place that holds an object's segments.
// It returns nil if no directory matches the object, or more than one.
func (lo *Large) segmentsBelow(ctx context.Context, place api.Name, o api.Object) ([]returnedEntry, error) {
	var found, group []returnedEntry
	var size int64
	var etag hash.Hash
	dir, several := "", false
	end := func() {
		sum := ""
		if len(group) > 0 {
			sum = hex.EncodeToString(etag.Sum(nil))
		}
		// The ETag is EmptyETag if the manifest was sent without the ETags of its segments.
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
			return nil // too large for a file of filegate
		}
		etag.Write([]byte(e.Hash))
		size += e.Bytes
		group = append(group, returnedEntry{Name: place.With(e.Name).InAccount(), Hash: e.Hash, Bytes: e.Bytes})
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
