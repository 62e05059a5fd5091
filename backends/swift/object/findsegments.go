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
	"strings"
	"unicode/utf8"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// Ceph's RadosGW does not return the manifests of static large objects. For objects of filegate,
// the metadata contains the place of the segments. For objects of other programs, filegate looks in
// the places that these programs use. It accepts the segments that it finds only if they have the
// size and the ETag of the object: the ETag is computed from those of the segments.

// ErrNoManifest is the error for a large object whose segments are not known.
var ErrNoManifest = errors.New("the store returns no manifest, and the segments are not found")

// findSegments returns the segments of a static large object from listings. The error is not
// translated.
func (lo *Large) findSegments(ctx context.Context, n api.Name) ([]returnedEntry, error) {
	o, err := lo.client.Head(ctx, n)
	if err != nil {
		return nil, err
	}
	if place, ok := notedPlace(n, o); ok {
		found, err := lo.segmentsBelow(ctx, place, o, false)
		if err != nil || found != nil {
			return found, err
		}
	}
	for _, place := range usualPlaces(n) {
		found, err := lo.segmentsBelow(ctx, place, o, true)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, fmt.Errorf("%q: %w", n.String(), ErrNoManifest)
}

// notedPlace returns the prefix of the names of an object's segments from its metadata. A user who
// may write the object can set its metadata, and must not be able to make the logins of others read
// or delete objects in any container. So the place must be in the object's container or in a
// container for segments.
func notedPlace(n api.Name, o api.Object) (api.Name, bool) {
	place, ok := o.SegmentsPlace(n)
	return place, ok && (place.Container == n.Container || api.IsSegments(place.Container))
}

// usualPlaces returns the prefixes that are named after an object and that its segments may have:
// those of filegate, swiftclient and rclone, of Swift's S3 API, and of OpenDAL.
func usualPlaces(n api.Name) []api.Name {
	all := []api.Name{
		n.SegmentsContainer().With(api.SegmentsPrefix(n.Object)),
		{Account: n.Account, Container: n.Container + "+segments", Object: n.Object + "/"},
	}
	for _, top := range segmentPlaces {
		all = append(all, n.With(top+"/"+n.Object+"/"))
	}
	return all
}

// isCopy reports whether the segments of an object belong to another file, of which the object is a
// copy: a store without CopyContent copies a manifest together with its metadata. A renamed file
// has the same form, but its old name is free, or has other segments. If the old name is unknown,
// isCopy returns true. The error is not translated.
func (lo *Large) isCopy(ctx context.Context, n api.Name, o api.Object) (bool, error) {
	place, ok := o.SegmentsPlace(n)
	if !ok || place.Top() == n.SegmentsContainer() && strings.HasPrefix(place.Object, api.SegmentsPrefix(n.Object)) ||
		place.Top() == n.Top() && strings.HasPrefix(place.Object, n.Object+PartSuffix+"/") {
		return false, nil
	}
	first, ok := fileOfPlace(place)
	if !ok {
		return true, nil
	}
	there, err := lo.client.Head(ctx, first)
	if api.StatusOf(err) == http.StatusNotFound {
		return false, nil
	}
	its, ok := there.SegmentsPlace(first)
	return ok && its == place, err
}

// fileOfPlace returns the name of the file for which a place of segments was made, unless the place
// has a shortened name.
func fileOfPlace(place api.Name) (api.Name, bool) {
	dir := path.Dir(strings.TrimSuffix(place.Object, "/")) // without the upload's ID
	of := place.SegmentsOf()
	if of == place.Top() {
		file, ok := strings.CutSuffix(dir, PartSuffix)
		return of.With(file), ok
	}
	// A shortened name has nearly the maximum length.
	long := len(dir) >= api.MaxObjectName-api.SegmentTail-utf8.UTFMax
	return of.With(dir), !long && !api.IsShortened(of.Container)
}

// segmentsBelow returns the content of the directory below a place that holds an object's segments.
// It returns nil if no directory matches the object, or more than one. named reports whether the
// place is named after the object.
func (lo *Large) segmentsBelow(ctx context.Context, place api.Name, o api.Object, named bool) ([]returnedEntry, error) {
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
		// Filegate always sends them. Its own segments are therefore accepted only by the ETag,
		// because those of an earlier upload may have the same size.
		unproved := o.ETag == api.EmptyETag && named && !IsUploadID(path.Base(dir))
		if len(group) > 0 && size == o.Size && (sum == o.ETag || unproved) {
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
