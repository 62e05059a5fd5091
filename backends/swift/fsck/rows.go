package fsck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// doubt is a row that does not agree with its object. It is looked up again at the end, because the
// object may have been changed after the row was listed.
type doubt struct {
	name   api.Name
	row    listing.Entry
	report bool
}

// maxDoubted is how many of them are kept.
const maxDoubted = 10_000

// objects looks up all objects of a container. report reports whether its errors are reported; else
// only the segments in use are noted.
func (s *search) objects(ctx context.Context, c container, report bool) error {
	return s.eachIn(ctx, c, "", func(ctx context.Context, e listing.Entry) error {
		defer s.progress(1)
		return s.object(ctx, c, e, report)
	})
}

// eachIn is each for a container of the account. That its listing fails is noted by cannotRead.
func (s *search) eachIn(ctx context.Context, c container, prefix string, do func(context.Context, listing.Entry) error) error {
	failed, err := s.each(ctx, c.Name, prefix, do)
	if failed == nil && err != nil { // 404 too: the container may be hidden from this login
		failed = s.cannotRead(ctx, c.Name, err)
	}
	return failed
}

// each calls do for the objects of a container whose names begin with a prefix, several in parallel.
// It returns the first error of do, and that of the listing, which is not translated.
func (s *search) each(ctx context.Context, container api.Name, prefix string, do func(context.Context, listing.Entry) error) (failed, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	err = s.Lists.EachListed(ctx, container.Top(), prefix, func(e listing.Entry) error {
		g.Go(func() error { return do(gctx, e) })
		return gctx.Err()
	})
	return g.Wait(), err
}

// object looks up one object.
func (s *search) object(ctx context.Context, c container, e listing.Entry, report bool) error {
	n := c.With(e.Name)
	switch {
	case e.IsLink(): // its target is looked up under its own name
		return nil
	case api.IsSegments(c.Container) && strings.HasPrefix(e.Name, "."): // records of filegate
		return nil
	case api.IsSegments(c.Container) && (e.SLOEtag == "" || ownNested(e.Name)):
		// A segment is looked up by the manifests that name it. A nested manifest is read by its
		// parent only: one without a parent needs no segments.
		if _, ok := groupOf(n); ok {
			return nil
		}
	}
	o, err := s.Client.Head(ctx, n)
	switch {
	case api.Dangles(err), api.CannotFollow(err):
		return nil
	case api.StatusOf(err) == http.StatusNotFound:
		return s.missing(ctx, n, e, report)
	case err != nil:
		return s.cannotRead(ctx, n, err)
	case o.ThroughLink:
		return nil
	case o.SLO:
		err = s.static(ctx, n, o, report)
		if isGone(err) {
			s.doubt(doubt{n, e, report})
			return nil
		}
	case o.DLO != "":
		err = s.dynamic(ctx, n, o, report)
	}
	if err == nil && report && s.differs(e, o) {
		s.doubt(doubt{n, e, report})
	}
	if err == nil && report && s.opts.Read {
		err = s.read(ctx, n, o)
	}
	return err
}

// ownNested reports whether a name is that of a nested manifest of filegate.
func ownNested(name string) bool {
	_, rest, ok := object.CutOwnSegment(name)
	return ok && strings.Contains(rest, "-manifest")
}

// differs reports whether a row shows another content than the object has. A row of a dynamic large
// object shows its manifest. RadosGW lists static ones in the same way.
func (s *search) differs(e listing.Entry, o api.Object) bool {
	switch {
	case o.DLO != "", e.Asked != nil, o.SLO && s.limits.Flavour == api.FlavourCeph:
		return false
	case e.Bytes != o.Size:
		return true
	}
	return !o.SLO && e.Version() != "" && o.ETag != "" && e.Version() != o.ETag
}

// missing examines a row whose HEAD has found no object. Swift also answers 404 for the manifest of
// a dynamic large object whose container for segments does not exist.
func (s *search) missing(ctx context.Context, n api.Name, e listing.Entry, report bool) error {
	o, err := s.manifestItself(ctx, n)
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		s.doubt(doubt{n, e, report})
		return nil
	case err != nil:
		return s.cannotRead(ctx, n, err)
	case o.DLO != "":
		return s.dynamic(ctx, n, o, report)
	}
	s.doubt(doubt{n, e, report}) // it was created meanwhile, or a server answers that does not have it
	return nil
}

func (s *search) manifestItself(ctx context.Context, n api.Name) (api.Object, error) {
	resp, err := s.Client.Send(ctx, api.Request{Method: http.MethodHead, Target: n, Query: url.Values{"multipart-manifest": {"get"}}})
	if err != nil {
		return api.Object{}, err
	}
	return s.Client.ObjectOf(resp.Header), nil
}

func (s *search) doubt(d doubt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.doubted) < maxDoubted {
		s.doubted = append(s.doubted, d)
		return
	}
	s.more = true
}

// askAgain looks up the rows in doubt again, and reports those that still do not agree with their
// objects.
func (s *search) askAgain(ctx context.Context) error {
	doubted := s.doubted
	s.doubted = nil
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, d := range doubted {
		g.Go(func() error { return s.settle(gctx, d) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if s.more {
		s.note(fmt.Sprintf("more than %d rows of listings do not agree with their objects: repair these, and search again", maxDoubted))
	}
	return nil
}

// settle looks up one row in doubt.
func (s *search) settle(ctx context.Context, d doubt) error {
	page, err := s.Lists.List(ctx, d.name.Top(), listing.Query{Prefix: d.name.Object, Limit: 1})
	switch {
	case err != nil:
		return s.cannotRead(ctx, d.name, err)
	case len(page) == 0 || page[0].Name != d.name.Object || page[0].LastModified != d.row.LastModified || page[0].Bytes != d.row.Bytes:
		return nil
	}
	o, err := s.manifestItself(ctx, d.name)
	if api.StatusOf(err) == http.StatusNotFound {
		return s.ghost(d)
	}
	if err != nil {
		return s.cannotRead(ctx, d.name, err)
	}
	// The first answer may have come from a server without the object, or with an old one.
	switch {
	case o.SLO:
		err = s.static(ctx, d.name, o, false)
	case o.DLO != "":
		err = s.dynamic(ctx, d.name, o, false)
	}
	if err != nil && !isGone(err) {
		return err
	}
	if o, err = s.Client.Head(ctx, d.name); err != nil {
		return s.cannotRead(ctx, d.name, err)
	}
	if !s.differs(d.row, o) {
		return nil
	}
	s.countUncertain()
	if !d.report || !s.old(o.Modified) || !s.old(d.row.Time(time.Time{})) {
		return nil
	}
	return s.found(vfs.Finding{
		Kind: "listed-size", Name: key(d.name),
		Text: fmt.Sprintf("is listed with %d bytes and the ETag %s, and has %d bytes and the ETag %s: store or copy it again, which makes a new row", d.row.Bytes, d.row.Version(), o.Size, o.ETag),
	})
}

// countUncertain counts an object that may be a manifest and could not be read as one. Segments are
// then not deleted.
func (s *search) countUncertain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uncertain++
}

// ghost reports a row without an object.
func (s *search) ghost(d doubt) error {
	s.countUncertain()
	if !d.report || !s.old(d.row.Time(time.Time{})) {
		return nil
	}
	return s.found(vfs.Finding{
		Kind: "ghost-row", Name: key(d.name),
		Text: "is listed, but there is no object: it has expired, or the listing has missed its deletion. If all servers of the storage are up, remove it like a file",
	})
}

// isGone reports whether an error means that an object was deleted meanwhile.
func isGone(err error) bool {
	return api.StatusOf(err) == http.StatusNotFound || errors.Is(err, vfs.ErrNotExist)
}
