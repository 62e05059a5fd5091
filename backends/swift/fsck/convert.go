package fsck

import (
	"context"
	"fmt"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// toStatic makes a static large object of a dynamic one: it replaces the manifest, and the segments
// stay where they are. It converts only files whose segments users do not see by names of their own:
// a static large object breaks when a segment is changed.
func (s *search) toStatic(ctx context.Context, n api.Name, o api.Object, container api.Name, p *partsOf) error {
	if why := s.notStatic(ctx, n, o, p); why != "" {
		return s.found(vfs.Finding{Kind: "not-converted", Name: key(n), Text: "stays a dynamic large object: " + why, Advice: true})
	}
	text := fmt.Sprintf("this dynamic large object of %d segments can become a static one", p.count)
	if s.opts.Repair {
		if err := s.putStatic(ctx, n, o, container, p); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return s.found(vfs.Finding{Kind: "not-converted", Name: key(n), Text: "stays a dynamic large object: " + vfs.ClientText(api.Translate(err)), Advice: true})
		}
		s.Log.Info("dynamic large object converted to a static one", "object", n.String(), "was", o.DLO, "segments", p.count)
		text = fmt.Sprintf("is a static large object of %d segments now", p.count)
	}
	return s.found(vfs.Finding{Kind: "dynamic-object", Name: key(n), Text: text, Advice: true, Repaired: s.opts.Repair})
}

// notStatic returns why a dynamic large object is not converted, or "".
func (s *search) notStatic(ctx context.Context, n api.Name, o api.Object, p *partsOf) string {
	keeps, err := s.Client.Versioning(ctx, n.Top())
	switch {
	case !s.limits.SLO || !s.limits.SLORanges:
		return "this storage has no static large objects whose manifests can be read"
	case p.wrong.all > 0, len(p.stale) > 0:
		return "its segments are not in order, as is reported"
	case !p.known, p.strange > 0 && !p.legacy:
		return "its segments are also objects that users see, or are in no layout that is known"
	case p.empty:
		return "it has empty segments"
	case p.count > s.limits.SLOSegments:
		return fmt.Sprintf("it has %d segments, and a static large object may have %d here", p.count, s.limits.SLOSegments)
	case !s.old(o.Modified), !s.old(p.newest):
		return "it was changed recently"
	case err != nil:
		return "its container cannot be read"
	case keeps.Keeps():
		return "its container keeps versions"
	}
	return ""
}

// putStatic replaces the manifest. The error may be untranslated.
func (s *search) putStatic(ctx context.Context, n api.Name, o api.Object, container api.Name, p *partsOf) error {
	again := newPartsOf(p.prefix)
	var entries []object.ManifestEntry
	err := s.Lists.EachListed(ctx, container, p.prefix, func(e listing.Entry) error {
		seg := container.With(e.Name)
		before := again.count
		if again.add(seg, e); again.count == before {
			return nil
		}
		entries = append(entries, object.ManifestEntry{Path: key(seg), Etag: e.Hash, Size: e.Bytes})
		if len(entries) > p.count {
			return errChanged
		}
		return nil
	})
	if err != nil {
		return err
	}
	header := o.KeptHeader()
	delete(header, "X-Object-Manifest")
	header["Content-Type"] = o.ContentType
	// Swift's PUT has no condition for the old object, so the last look at it is just before.
	now, err := s.Client.Head(ctx, n)
	switch {
	case err != nil:
		return err
	case now.DLO != o.DLO, !now.Modified.Equal(o.Modified), again.count != p.count, again.bytes != p.bytes, p.strange == 0 && now.Size != p.bytes:
		return errChanged
	}
	_, err = s.Large.PutManifest(ctx, n, entries, header)
	return err
}

var errChanged = vfs.Errorf(vfs.ErrChanged, "it was changed during the search")
