package swift

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// movesAtOnce is how many objects of a directory a rename moves at the same time.
const movesAtOnce = 8

// dir moves a directory entry by entry: each is copied and then deleted, so that after a failure it
// is complete under at least one of its names. An entry that cannot be moved stays with all that it
// needs, and the others are moved. The directory's own marker goes last.
func (m *move) dir(ctx context.Context, marker api.Object) error {
	if err := m.findUnfinished(ctx); err != nil {
		return err
	}
	if err := m.renames.Begin(ctx, m.Renaming); err != nil {
		return err
	}
	moved, err := 0, m.settleManifests(ctx)
	if err == nil {
		moved, err = m.entries(ctx)
	}
	if err == nil {
		err = m.moveUploads(ctx)
	}
	if err == nil && m.behind.any() {
		err = m.behind.err()
		m.keepBoth(ctx)
	}
	if err != nil {
		m.log.Warn("directory rename cut off; the same rename goes on with it",
			"from", m.From.String(), "to", m.To.String(), "moved", moved, "err", err)
		return err
	}
	// A directory that was only a prefix gets a marker, so that it stays and keeps its time.
	switch err := m.client.CopyObject(ctx, m.From, m.To, marker); {
	case api.StatusOf(err) == http.StatusNotFound:
		if err := m.putMarker(ctx, m.To, map[string]string{api.MetaMtime: api.FormatSeconds(m.modTime)}); err != nil {
			return err
		}
	case err != nil:
		return api.Translate(err)
	}
	if err := m.client.Delete(ctx, m.From); err != nil {
		return api.Translate(err)
	}
	m.renames.Finish(ctx, m.Renaming)
	m.containers.DropSegments(ctx, m.From)
	return nil
}

// entries moves all entries below the directory, including those that are created while it is being
// moved, and returns how many it has moved.
func (m *move) entries(ctx context.Context) (int, error) {
	for total := 0; ; {
		var moved atomic.Int64
		err := m.eachBelow(ctx, m.From, func(ctx context.Context, e listing.Entry) error {
			if m.behind.stays(e.Name) {
				return nil
			}
			ok, err := m.entry(ctx, e)
			if ok {
				moved.Add(1)
			}
			return m.behind.leave(m.From.With(e.Name), err)
		})
		total += int(moved.Load())
		if err != nil || moved.Load() == 0 {
			return total, err
		}
		m.log.Info("directory rename under way", "from", m.From.String(), "to", m.To.String(), "moved", total)
	}
}

// keepBoth gives a directory that was moved only in part an object of its own under both names, so
// that both parts are visible, and the same rename can finish once the entries that stayed are
// removed. The record is written after the objects, because a directory that is newer than the
// record is taken for another one. If keepBoth fails, the line in the log has the names for
// repeating the rename.
func (m *move) keepBoth(ctx context.Context) {
	err := m.client.CopyObject(ctx, m.From, m.To, api.Object{})
	if api.StatusOf(err) == http.StatusNotFound {
		err = errors.Join(m.mark(ctx, m.To), m.mark(ctx, m.From), m.renames.Begin(ctx, m.Renaming))
	}
	if err != nil {
		m.log.Warn("directory of which a part stays behind not kept under both names", "from", m.From.String(), "to", m.To.String(), "err", err)
	}
}

// putMarker creates an object, with metadata, for a directory that has none of its own.
func (f *FS) putMarker(ctx context.Context, n api.Name, more map[string]string) error {
	_, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Header: markerHeader(more)})
	return api.Translate(err)
}

// entry moves one object below the directory, and reports whether the object was still there.
func (m *move) entry(ctx context.Context, e listing.Entry) (bool, error) {
	from := m.From.With(e.Name)
	to, _ := m.Sibling(from)
	if !e.IsLink() { // a link is the same under any name
		if err := m.checkEntry(ctx, from, to); err != nil {
			return false, err
		}
	}
	switch err := m.client.Copy(ctx, from, to, e.IsVersion(), nil); {
	case api.StatusOf(err) == http.StatusNotFound:
		// It has gone, and the listing does not show that yet, or never will without this DELETE.
		return false, api.Translate(m.client.Delete(ctx, from))
	case err != nil:
		return false, api.Translate(err)
	}
	return true, m.leave(ctx, from, to)
}

// checkEntry returns an error if an object must not be moved because of an interrupted rename, this
// one or another.
func (m *move) checkEntry(ctx context.Context, from, to api.Name) error {
	if !m.resumed && len(m.unfinished) == 0 {
		return nil
	}
	o, err := m.client.Head(ctx, from)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return api.Translate(err)
	}
	if m.resumed {
		switch twin, err := m.client.Head(ctx, to); {
		case api.StatusOf(err) == http.StatusNotFound:
		case err != nil:
			return api.Translate(err)
		case twin.ETag != o.ETag && twin.Header.Get(api.MetaCopyOf) != o.ETag:
			return vfs.Errorf(vfs.ErrExist, "another file has got the new name since the directory's rename was cut off")
		}
	}
	return m.renames.CheckMovable(ctx, from, o, m.unfinished)
}

// renameContainer renames an empty container: Swift cannot rename one that is not empty. The new
// container gets the access lists, metadata and policy of the old one.
func (f *FS) renameContainer(ctx context.Context, from, to api.Name) error {
	if !from.IsContainer() || !to.IsContainer() {
		return vfs.Errorf(vfs.ErrUnsupported, "a top-level directory is a container: it cannot become a directory below, nor the other way round; make the new one and move the files")
	}
	page, err := f.lists.List(ctx, from, listing.Query{Limit: 1})
	switch {
	case err != nil:
		return api.Translate(err)
	case len(page) > 0:
		return vfs.Errorf(vfs.ErrUnsupported, "a top-level directory is a container, which can be renamed only while it is empty; make the new one and move the files")
	}
	if err := f.checkNoUploads(ctx, from); err != nil {
		return err
	}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: from})
	if err != nil {
		return api.Translate(err)
	}
	if err := f.makeContainer(ctx, to, api.ContainerSettings(resp.Header)); err != nil {
		return err
	}
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: from})
	if api.StatusOf(err) == http.StatusConflict {
		// An object was created in it, or was there but not listed yet.
		if _, err := f.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: to}); err != nil {
			f.log.Warn("new container not deleted", "container", to.String(), "err", err)
		}
		return api.RefusedAs(err, vfs.ErrUnsupported, "a top-level directory is a container, which can be renamed only while it is empty, and keeps no versions")
	}
	if err == nil {
		f.uploads.RemoveBelow(ctx, from)
		f.containers.DropSegments(ctx, from)
	}
	return api.Translate(err)
}

// eachBelow calls do for every object below a directory, several at a time, page by page.
func (f *FS) eachBelow(ctx context.Context, dir api.Name, do func(context.Context, listing.Entry) error) error {
	return f.eachPageBelow(ctx, dir, func(ctx context.Context, page []listing.Entry) error {
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(movesAtOnce)
		for _, e := range page {
			g.Go(func() error { return do(gctx, e) })
		}
		return g.Wait()
	})
}

// eachPageBelow calls do for every page of the objects below a directory.
func (f *FS) eachPageBelow(ctx context.Context, dir api.Name, do func(context.Context, []listing.Entry) error) error {
	l, err := f.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	for marker := ""; ; {
		page, err := f.lists.List(ctx, dir, listing.Query{Prefix: dir.Prefix(), Marker: marker, Limit: l.Listing})
		if err != nil {
			return api.Translate(err)
		}
		if len(page) == 0 {
			return nil
		}
		marker = page[len(page)-1].Key()
		if err := do(ctx, page); err != nil {
			return err
		}
	}
}
