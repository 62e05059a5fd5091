package fsck

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// listingMargin is how far a listing, or Swift's clock, may be behind when the search looks for
// objects that are newer than its beginning.
const listingMargin = time.Hour

// orphans finds segments that no file uses.
func (s *search) orphans(ctx context.Context) error {
	if s.limits.Flavour == api.FlavourCeph {
		s.note("segments without a file are not searched: Ceph RadosGW does not return the manifests of large files, so segments in use cannot be told from others")
		return nil
	}
	candidates := false
	for _, c := range s.containers {
		if !c.selected || candidates {
			continue
		}
		err := s.eachGroup(ctx, c, func(context.Context, container, segments) error {
			candidates = true
			return errEnough
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	if !candidates {
		return nil
	}
	if err := s.readOthers(ctx); err != nil {
		return err
	}
	if why := s.unsure(); why != "" {
		s.note("segments without a file are not reported: " + why)
		return nil
	}
	for _, c := range s.containers {
		if !c.selected {
			continue
		}
		if err := s.eachGroup(ctx, c, s.orphan); err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// readOthers notes the segments in use of the containers that are not selected, and of all objects
// that are newer than the beginning of the search. The markers in the other containers are read
// first, as everywhere: an upload has its marker in the container of its file, and may have its
// segments in another one after the rename of a directory.
func (s *search) readOthers(ctx context.Context) error {
	if err := s.newContainers(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx, false); err != nil {
		return err
	}
	for _, c := range s.containers {
		if !c.selected {
			s.all.Add(c.objects)
		}
	}
	for _, c := range s.containers {
		if c.selected {
			continue
		}
		if err := s.objects(ctx, c, false); err != nil {
			return err
		}
	}
	if err := s.askAgain(ctx); err != nil {
		return err
	}
	since := s.begun.Add(-listingMargin)
	for _, c := range s.containers {
		err := s.eachIn(ctx, c, "", func(ctx context.Context, e listing.Entry) error {
			if e.Time(s.begun).Before(since) {
				return nil
			}
			return s.object(ctx, c, e, false)
		})
		if err != nil {
			return err
		}
	}
	return s.askAgain(ctx)
}

// newContainers adds the containers that were created since the search began: a file may have been
// moved there.
func (s *search) newContainers(ctx context.Context) error {
	return s.Lists.EachListed(ctx, api.Name{}, "", func(e listing.Entry) error {
		n := api.Name{Container: e.Name}
		if e.Name == "" || s.exists(n) {
			return nil
		}
		s.containers = append(s.containers, container{Name: n, objects: e.Count})
		return nil
	})
}

// unsure returns why it is not known which segments are in use, or "".
func (s *search) unsure() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failed > 0:
		return fmt.Sprintf("%d objects or containers could not be read, and may be files that use them: %s", s.failed, someOf(s.unread, s.failed))
	case s.opaque > 0:
		return fmt.Sprintf("the storage does not return the manifests of %d large files", s.opaque)
	case s.more:
		return "too many rows of listings do not agree with their objects"
	}
	for _, c := range s.containers {
		if c.version.Enabled {
			return fmt.Sprintf("the container %s keeps versions, or has kept them, and old versions may use them", c.Container)
		}
	}
	return ""
}

// segments are the segments of a group.
type segments struct {
	group
	used, unused int
	bytes        int64 // of those that are not used
	newest       time.Time
	undated      bool
}

// eachGroup calls use for each group with segments that no file uses, and that are old enough to be
// judged. A group is listed without a gap, because its names have a prefix of their own.
func (s *search) eachGroup(ctx context.Context, c container, use func(context.Context, container, segments) error) error {
	var now segments
	end := func() error {
		g := now
		now = segments{}
		if g.unused == 0 || g.undated || !s.old(g.newest) || s.places.has(key(c.With(g.prefix))) {
			return nil
		}
		return use(ctx, c, g)
	}
	var failed error
	err := s.Lists.EachListed(ctx, c.Name, "", func(e listing.Entry) error {
		n := c.With(e.Name)
		g, ok := groupOf(n)
		if !ok || strings.HasPrefix(e.Name, ".") {
			return nil
		}
		if g.prefix != now.prefix {
			if failed = end(); failed != nil {
				return failed
			}
			now.group = g
		}
		at := e.Time(time.Time{})
		now.undated = now.undated || at.IsZero()
		if at.After(now.newest) {
			now.newest = at
		}
		if s.segments.has(key(n)) {
			now.used++
		} else {
			now.unused++
			now.bytes += e.Bytes
		}
		return nil
	})
	switch {
	case failed != nil:
		return failed
	case api.StatusOf(err) == http.StatusNotFound:
		return nil
	case err != nil:
		return s.cannotRead(ctx, c.Name, err)
	}
	return end()
}

// orphan reports the segments of a group that no file uses, and deletes them if that is safe.
func (s *search) orphan(ctx context.Context, c container, g segments) error {
	place := c.With(g.prefix)
	needed, err := s.needed(ctx, place, g)
	if err != nil {
		return s.cannotRead(ctx, place, err)
	}
	if needed {
		return nil
	}
	f := vfs.Finding{
		Kind: "orphan-segments", Name: key(place), Bytes: g.bytes,
		Text: fmt.Sprintf("%d segments of %s belong to no file; the last was stored at %s", g.unused, g.tool, g.newest.UTC().Format(time.DateTime)),
	}
	switch {
	case !s.opts.Repair:
	case !g.own:
		f.Text += ". They are not deleted, because another program has stored them: if it is not using them, delete all objects with this prefix"
	case s.uncertain > 0:
		f.Text += fmt.Sprintf(". They are not deleted, because %d listed objects are missing or differ from their listing, and may be files that use them and cannot be read now", s.uncertain)
	case s.keepsVersions(c):
		f.Text += ". They are not deleted, because old versions may use them"
	default:
		if err := s.remove(ctx, c, g); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			f.Text += ". They could not be deleted: " + vfs.ClientText(api.Translate(err))
		} else {
			f.Repaired = true
		}
	}
	return s.found(f)
}

// keepsVersions reports whether a container, or the one whose segments it has, keeps versions.
func (s *search) keepsVersions(c container) bool {
	of := c.SegmentsOf()
	return slices.ContainsFunc(s.containers, func(other container) bool {
		return (other.Name == c.Name || other.Name == of) && other.version.Keeps()
	})
}

// needed looks again whether the segments of a group belong to an upload, or to the file after which
// they are named: listings may not show these yet. The error is not translated.
func (s *search) needed(ctx context.Context, place api.Name, g segments) (bool, error) {
	if g.owner == "" {
		return false, nil
	}
	owner := api.Name{Account: place.Account, Container: place.SegmentsOf().Container, Object: g.owner}
	var upload api.Name
	switch {
	case g.own:
		upload, _ = object.MarkerName(owner, g.upload)
	case g.tool == "S3": // an upload has an object of its own until it is completed
		upload = place.With(strings.TrimSuffix(g.prefix, "/"))
	}
	if upload.IsObject() {
		if _, err := s.Client.Head(ctx, upload); err == nil || !isGone(err) {
			return true, err
		}
	}
	o, err := s.Client.Head(ctx, owner)
	switch {
	case isGone(err), err == nil && !o.IsLarge():
		return false, nil
	case err != nil:
		return false, err
	case o.SLO:
		err = s.manifest(ctx, owner, maxNesting, false, &wrong{})
	default:
		container, prefix := o.DLOPrefix(owner)
		err = s.Lists.EachListed(ctx, container, prefix, func(e listing.Entry) error {
			s.use(container.With(e.Name))
			return nil
		})
	}
	if err != nil && !isGone(err) {
		return false, err
	}
	unused := 0
	err = s.eachUnused(ctx, place, g, func(api.Name) error {
		unused++
		return nil
	})
	return unused == 0, err
}

// eachUnused calls do for the segments of a group that no file uses and that are old. The error is
// not translated.
func (s *search) eachUnused(ctx context.Context, place api.Name, g segments, do func(api.Name) error) error {
	return s.Lists.EachListed(ctx, place.Top(), g.prefix, func(e listing.Entry) error {
		n := place.With(e.Name)
		if in, ok := groupOf(n); !ok || in.prefix != g.prefix || s.segments.has(key(n)) || !s.old(e.Time(time.Time{})) {
			return nil
		}
		return do(n)
	})
}

// deletedAtOnce is how many segments are deleted by one request.
const deletedAtOnce = 500

// remove deletes the segments of a group that no file uses. The error is not translated.
func (s *search) remove(ctx context.Context, c container, g segments) error {
	place := c.With(g.prefix)
	for {
		var gone []api.Name
		err := s.eachUnused(ctx, place, g, func(n api.Name) error {
			if gone = append(gone, n); len(gone) == deletedAtOnce {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		full := len(gone) == deletedAtOnce
		if len(gone) > 0 {
			if err := s.Client.DeleteAll(ctx, gone); err != nil {
				return err
			}
			s.Log.Info("segments without a file deleted", "place", place.String(), "segments", len(gone))
		}
		if !full {
			return nil
		}
	}
}
