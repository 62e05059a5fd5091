package swift

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// A listing can show objects that do not exist: the object has expired, or the update that was to
// remove its row from the container was lost. Swift removes the row at a DELETE of the object,
// although it answers 404.

// isMissing reports whether the error of a HEAD means that there is neither an object nor a link of
// the name.
func isMissing(err error) bool { return api.StatusOf(err) == http.StatusNotFound && !api.Dangles(err) }

// isGhost reports whether a listed name has no object; err is the error of its HEAD. Swift also
// answers 404 for the manifest of a dynamic large object whose container for segments does not
// exist, so isGhost requests the manifest itself.
func (f *FS) isGhost(ctx context.Context, n api.Name, err error) bool {
	if !isMissing(err) {
		return false
	}
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n, Query: url.Values{"multipart-manifest": {"get"}}})
	return api.StatusOf(err) == http.StatusNotFound
}

// clearGhost deletes the row of a listed object, and reports whether there was a row. The caller
// must have found that the object does not exist. The error is not translated.
func (f *FS) clearGhost(ctx context.Context, n api.Name) (bool, error) {
	page, err := f.lists.List(ctx, n.Top(), listing.Query{Prefix: n.Object, Limit: 1})
	switch {
	case object.NoneToSee(err):
		return false, nil
	case err != nil, len(page) == 0, page[0].Name != n.Object:
		return false, err
	}
	f.keepParent(ctx, n)
	return true, f.client.Delete(ctx, n)
}

const (
	// ghostsAtOnce is how many rows of a directory that is to be removed are checked before the
	// next are listed.
	ghostsAtOnce = 256
	// maxGhostPages is how many listings are made for this.
	maxGhostPages = 1000
)

// errIsThere ends a search for objects.
var errIsThere = errors.New("there is an object")

// clearGhosts deletes the rows of missing objects below a directory, or in a container, and reports
// whether nothing else is there except the directory's own marker. It ends at the first object. The
// error is translated.
func (f *FS) clearGhosts(ctx context.Context, dir api.Name) (bool, error) {
	l := listing.Query{Prefix: dir.Prefix(), Limit: 2} // most directories that are not empty have an object
	for range maxGhostPages {
		page, err := f.lists.List(ctx, dir, l)
		if err != nil {
			return false, api.Translate(err)
		}
		if len(page) == 0 {
			return true, nil
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(headsAtOnce)
		for _, e := range page {
			if e.Name == dir.Prefix() && api.IsMarker(e.Name, e.Bytes, e.ContentType) {
				continue
			}
			g.Go(func() error {
				n := dir.With(e.Name)
				switch _, err := f.client.Head(gctx, n); {
				case f.isGhost(gctx, n, err):
					return f.client.Delete(gctx, n)
				case err == nil, isMissing(err), api.Dangles(err), api.StatusOf(err) == http.StatusForbidden, errors.Is(err, vfs.ErrInvalidName):
					return errIsThere
				default:
					return err
				}
			})
		}
		switch err := g.Wait(); {
		case errors.Is(err, errIsThere):
			return false, nil
		case err != nil:
			return false, api.Translate(err)
		}
		l.Marker, l.Limit = page[len(page)-1].Key(), ghostsAtOnce
	}
	return false, nil
}
