package swift

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// What becomes of cut-off uploads when their directory, or their container, is renamed or removed.

// activeUploads are the uploads that this process has under way: nobody else takes their markers
// for those of cut-off ones.
type activeUploads struct {
	mu  sync.Mutex
	all map[string]bool // by upload id
}

func (a *activeUploads) add(upload string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[string]bool{}
	}
	a.all[upload] = true
}

func (a *activeUploads) remove(upload string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all, upload)
}

func (a *activeUploads) has(upload string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all[upload]
}

// parseMarker reads the name of a marker that lies in the segments of n's container: the file that
// the upload is of, and the upload id.
func parseMarker(n api.Name, marker string) (target api.Name, upload string, ok bool) {
	rest, ok := strings.CutPrefix(marker, uploadsPrefix)
	i := strings.LastIndexByte(rest, '/')
	if !ok || i <= 0 {
		return api.Name{}, "", false
	}
	return n.With(rest[:i]), rest[i+1:], isUploadID(rest[i+1:])
}

// eachMarker calls do for the marker of each upload below a directory or container, several at a
// time. The error is not translated.
func (u *uploads) eachMarker(ctx context.Context, dir api.Name, do func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error) error {
	if may, err := u.mayHavePartials(ctx, dir); err != nil || !may {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	err := u.lists.EachListed(ctx, dir.SegmentsContainer(), uploadsPrefix+dir.Prefix(), func(e listing.Entry) error {
		if target, upload, ok := parseMarker(dir, e.Name); ok {
			g.Go(func() error { return do(gctx, target, upload, e) })
		}
		return gctx.Err()
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	if noneToSee(err) {
		return nil
	}
	return err
}

// checkNoUploads refuses to remove, or to rename, what has uploads in it that its listing shows.
func (f *FS) checkNoUploads(ctx context.Context, dir api.Name) error {
	switch shown, err := f.partialsShown(ctx, dir); {
	case err != nil:
		return api.Translate(err)
	case len(shown) > 0:
		return vfs.Errorf(vfs.ErrNotEmpty, "what was uploaded of %q so far lies in it: go on with that upload, or remove it", shown[0].Name)
	}
	return nil
}

// removeUploads removes what is left of uploads below a directory that is gone: nothing shows it
// any more. Of one that may be just beginning nothing is there that takes room. A failure is for
// the log.
func (u *uploads) removeUploads(ctx context.Context, dir api.Name) {
	err := u.eachMarker(ctx, dir, func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error {
		if u.known.active.has(upload) {
			return nil
		}
		p, err := u.replay(ctx, target, upload, marker)
		if err != nil || len(p.segments) == 0 && !u.expired(p.modified) && !dir.IsContainer() {
			return err
		}
		return u.removePartial(ctx, target, p)
	})
	if err != nil {
		u.log.Warn("remains of uploads in a removed directory not removed", "directory", dir.String(), "err", err)
	}
}

// moveUploads takes the cut-off uploads of a directory along to its new name. Their segments stay
// where they are, or have moved with the directory.
func (m *move) moveUploads(ctx context.Context) error {
	return api.Translate(m.uploads.eachMarker(ctx, m.from, func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error {
		if m.uploads.known.active.has(upload) { // it will be committed under the name that it was begun with
			return nil
		}
		to, _ := m.sibling(target)
		return m.behind.leave(target, api.Translate(m.moveUpload(ctx, target, to, upload, marker)))
	}))
}

// moveUpload makes a cut-off upload one of another file. The error is not translated.
func (m *move) moveUpload(ctx context.Context, from, to api.Name, upload string, marker listing.Entry) error {
	place, mtime, err := m.uploads.readMarker(ctx, from, upload, marker)
	switch {
	case api.StatusOf(err) == http.StatusNotFound: // it has gone meanwhile
		return nil
	case err != nil:
		return err
	}
	if moved, ok := m.sibling(place); ok && m.from.Contains(place) {
		place = moved
	}
	if _, ok := markerName(to, upload); !ok {
		return errLongName(to)
	}
	if err := m.uploads.putMarkerOf(ctx, to, upload, place, mtime); err != nil {
		return err
	}
	taken, err := m.uploads.takeMarker(ctx, from, upload)
	if err == nil && !taken { // it was committed, or removed, meanwhile
		_, err = m.uploads.takeMarker(ctx, to, upload)
	}
	return err
}

// dropSegmentsContainer deletes the container of a container's segments when nothing is in it any
// more, and nothing was set for it that its container has not. A failure is for the log: the next
// one to empty it tries again.
func (c *containers) dropSegmentsContainer(ctx context.Context, of api.Name) {
	ctx = context.WithoutCancel(ctx)
	seg := of.SegmentsContainer()
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: seg})
	if err == nil {
		if _, objects := api.ContainerUse(resp.Header); objects > 0 {
			return
		}
		var own bool
		if own, err = c.hasSettings(ctx, of, resp.Header); err == nil && !own {
			_, err = c.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: seg})
		}
	}
	switch api.StatusOf(err) {
	case http.StatusNotFound, http.StatusForbidden, http.StatusConflict:
		err = nil // there is none, or not this login's, or something is in it
	}
	if err != nil {
		c.log.Warn("empty container of segments not deleted", "container", seg.String(), "err", err)
	}
}

// hasSettings reports whether a container of segments has rights, a quota or metadata that the
// container has not whose segments it holds. The error is not translated.
func (c *containers) hasSettings(ctx context.Context, of api.Name, segments http.Header) (bool, error) {
	settings := keptByRename(segments)
	delete(settings, "X-Storage-Policy")
	if len(settings) == 0 {
		return false, nil
	}
	resp, err := c.client.Send(ctx, api.Request{Method: http.MethodHead, Target: of.Top()})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return false, nil // nobody has a use for them without it
	case err != nil:
		return false, err
	}
	for key, value := range settings {
		if resp.Header.Get(key) != value {
			return true, nil
		}
	}
	return false, nil
}
