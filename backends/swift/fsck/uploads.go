package fsck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// readMarkers notes the places of all uploads in a container for segments, and reports those that
// can no longer be resumed.
func (s *search) readMarkers(ctx context.Context, c container) error {
	if !api.IsSegments(c.Container) {
		return nil
	}
	return s.eachIn(ctx, c, object.UploadsPrefix, func(ctx context.Context, e listing.Entry) error {
		return s.marker(ctx, c, e)
	})
}

func (s *search) marker(ctx context.Context, c container, e listing.Entry) error {
	n := c.With(e.Name)
	target, p, err := s.Uploads.UploadOf(ctx, c.Name, e)
	switch {
	case isGone(err):
		return nil
	case err != nil:
		return s.cannotRead(ctx, n, err)
	case p == nil:
		// The name of the container was shortened, or this is no marker. The place is then not known.
		return s.cannotRead(ctx, n, vfs.Errorf(vfs.ErrUnsupported, "this is the marker of an upload of a file that is not known"))
	}
	s.places.add(key(p.Place))
	keep := s.Retention
	if keep == 0 { // another gateway may keep uploads
		keep = max(s.opts.Age, unknownRetention)
	}
	if !c.selected || time.Since(p.Changed()) <= keep {
		return nil
	}
	f := vfs.Finding{
		Kind: "expired-upload", Name: key(target), Bytes: p.Stored(),
		Text: fmt.Sprintf("an upload of this file was interrupted at %s and can no longer be resumed; %d segments of it are stored", p.Changed().UTC().Format(time.DateTime), p.Segments()),
	}
	switch {
	case !s.opts.Repair:
	case s.Retention == 0:
		f.Text += ". They are not deleted, because this gateway has no resume_retention, and another one may"
	default:
		if err := s.Uploads.Remove(ctx, target, p); err != nil {
			return s.cannotRead(ctx, n, err)
		}
		f.Repaired = true
	}
	return s.found(f)
}

// unknownRetention is how long an upload is taken for one that may be resumed, if this gateway keeps
// none.
const unknownRetention = 7 * 24 * time.Hour

// readRenames reports the renames that were begun in a container for segments and not finished.
func (s *search) readRenames(ctx context.Context, c container) error {
	if !api.IsSegments(c.Container) {
		return nil
	}
	return s.eachIn(ctx, c, object.RenamesPrefix, func(ctx context.Context, e listing.Entry) error {
		return s.rename(ctx, c, e)
	})
}

func (s *search) rename(ctx context.Context, c container, e listing.Entry) error {
	if !c.selected || !s.old(e.Time(time.Time{})) {
		return nil
	}
	n := c.With(e.Name)
	r, err := s.Renames.Record(ctx, n)
	_, malformed := errors.AsType[*json.SyntaxError](err)
	switch {
	case isGone(err):
		return nil
	case malformed:
		return s.found(vfs.Finding{Kind: "unfinished-rename", Name: key(n), Text: "this record of a rename cannot be read: remove it, if no rename is running"})
	case err != nil:
		return s.cannotRead(ctx, n, err)
	}
	if first := r.Records()[0]; first != n && s.exists(first) { // the other record tells the same
		if _, err := s.Client.Head(ctx, first); err == nil {
			return nil
		}
	}
	from, err := s.anything(ctx, r.From)
	if err != nil {
		return s.cannotRead(ctx, n, err)
	}
	to, err := s.anything(ctx, r.To)
	if err != nil {
		return s.cannotRead(ctx, n, err)
	}
	f := vfs.Finding{Kind: "unfinished-rename", Name: key(r.From)}
	switch {
	case from && to:
		f.Text = fmt.Sprintf("the rename to %s was interrupted, and both names are there: repeat it, which finishes it", key(r.To))
		return s.found(f)
	case from:
		f.Text = fmt.Sprintf("the rename to %s was interrupted before anything was renamed: its record is of no use", key(r.To))
	default:
		f.Text = fmt.Sprintf("the rename to %s is finished, and its record was left behind", key(r.To))
	}
	if s.opts.Repair {
		s.Renames.Finish(ctx, r)
		f.Repaired = true
	}
	return s.found(f)
}

// anything reports whether there is an object of a name, or below it. The error is not translated.
func (s *search) anything(ctx context.Context, n api.Name) (bool, error) {
	if n.IsObject() {
		_, err := s.Client.HeadLink(ctx, n)
		if err == nil || api.StatusOf(err) != http.StatusNotFound {
			return true, err
		}
		// A listed object may be on servers that are down.
		page, err := s.Lists.List(ctx, n.Top(), listing.Query{Prefix: n.Object, Limit: 1})
		if api.StatusOf(err) == http.StatusNotFound {
			return false, nil
		}
		if err != nil || len(page) > 0 && page[0].Name == n.Object {
			return true, err
		}
	}
	page, err := s.Lists.List(ctx, n.Top(), listing.Query{Prefix: n.Prefix(), Limit: 1})
	if api.StatusOf(err) == http.StatusNotFound {
		return false, nil
	}
	return len(page) > 0, err
}
