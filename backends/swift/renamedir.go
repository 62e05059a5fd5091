package swift

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

// movesAtOnce is how many objects of a directory are under way in a rename.
const movesAtOnce = 8

// dir moves a directory entry by entry: each is copied and then deleted, so that a failure leaves it whole under one of its names at least. The
// directory's own marker goes last.
func (m *move) dir(ctx context.Context, marker object) error {
	if err := m.findUnfinished(ctx); err != nil {
		return err
	}
	if err := m.begin(ctx, m.renaming); err != nil {
		return err
	}
	if err := m.eachBelow(ctx, m.from, m.settle); err != nil {
		return err
	}
	// What came while it was being moved is moved too.
	for total, again := 0, true; again; {
		var moved atomic.Int64
		err := m.eachBelow(ctx, m.from, func(ctx context.Context, e entry) error {
			ok, err := m.entry(ctx, e)
			if ok {
				moved.Add(1)
			}
			return err
		})
		total, again = total+int(moved.Load()), moved.Load() > 0
		switch {
		case err != nil:
			m.log.Warn("directory rename cut off; the same rename goes on with it", "from", m.from.String(), "to", m.to.String(), "moved", total, "err", err)
			return err
		case again:
			m.log.Info("directory rename under way", "from", m.from.String(), "to", m.to.String(), "moved", total)
		}
	}
	// A directory that was only a prefix gets a marker, to stay as it was seen.
	switch err := m.copyObject(ctx, m.from, m.to, marker.isVersion()); {
	case status(err) == http.StatusNotFound:
		if err := m.putMarker(ctx, m.to); err != nil {
			return err
		}
	case err != nil:
		return translate(err)
	}
	if err := m.deleteObject(ctx, m.from); err != nil {
		return translate(err)
	}
	m.finish(ctx, m.renaming)
	return nil
}

// putMarker makes a directory that has no object of its own one that has.
func (f *FS) putMarker(ctx context.Context, n name) error {
	_, err := f.client.send(ctx, request{method: http.MethodPut, target: n, header: map[string]string{"Content-Type": directoryType}})
	return translate(err)
}

// entry moves one object below the directory, and says whether it was there still.
func (m *move) entry(ctx context.Context, e entry) (bool, error) {
	from := m.from.with(e.Name)
	to, _ := m.sibling(from)
	if !e.isLink() { // which is the same wherever it lies
		if err := m.checkEntry(ctx, from, to); err != nil {
			return false, inEntry(from, err)
		}
	}
	switch err := m.copyObject(ctx, from, to, e.isVersion()); {
	case status(err) == http.StatusNotFound:
		return false, nil // it has gone meanwhile, and the listing does not know yet
	case err != nil:
		return false, inEntry(from, translate(err))
	}
	return true, inEntry(from, m.leave(ctx, from, to))
}

// checkEntry finds out whether an object may be moved, where an earlier rename was cut off: this one or another.
func (m *move) checkEntry(ctx context.Context, from, to name) error {
	if !m.resumed && len(m.unfinished) == 0 {
		return nil
	}
	o, err := m.head(ctx, from)
	if status(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return translate(err)
	}
	if m.resumed {
		switch twin, err := m.head(ctx, to); {
		case status(err) == http.StatusNotFound:
		case err != nil:
			return translate(err)
		case twin.etag != o.etag && twin.header.Get(metaCopyOf) != o.etag:
			return vfs.Errorf(vfs.ErrExist, "another file has got the new name since the directory's rename was cut off")
		}
	}
	return m.checkMovable(ctx, from, o, m.unfinished)
}

// settle gives a large file a content of its own at its new name, if it has segments in the directory that is to be moved: they would be moved away from under it.
func (m *move) settle(ctx context.Context, e entry) error {
	from := m.from.with(e.Name)
	// A manifest is listed as empty, unless it is the write log that tells of it.
	mayBeLarge := e.SLOEtag != "" || e.asked != nil || e.Bytes == 0 && e.Hash == emptyHash
	if !mayBeLarge || isDirectoryType(e.ContentType) || e.isLink() {
		return nil
	}
	o, err := m.head(ctx, from)
	switch {
	case status(err) == http.StatusNotFound:
		return nil
	case err != nil:
		return inEntry(from, translate(err))
	case !o.isLarge():
		return nil
	}
	segments, err := m.allSegments(ctx, from, o)
	if err != nil {
		return inEntry(from, translate(err))
	}
	inside := false
	for _, seg := range segments {
		inside = inside || m.from.contains(seg)
	}
	if !inside {
		return nil
	}
	to, _ := m.sibling(from)
	if err := m.checkEntry(ctx, from, to); err != nil {
		return inEntry(from, err)
	}
	if err := m.copyContent(ctx, from, o, to); err != nil {
		return inEntry(from, err)
	}
	own, err := m.freedBy(ctx, from, o)
	if err != nil {
		return inEntry(from, translate(err))
	}
	if err := m.deleteObject(ctx, from); err != nil {
		return translate(err)
	}
	m.release(ctx, from, own)
	return nil
}

// inEntry says of which entry of a directory an error is.
func inEntry(n name, err error) error {
	if err == nil || vfs.Kind(err) == nil {
		return err
	}
	return &vfs.Error{Kind: vfs.Kind(err), Text: fmt.Sprintf("%q: %s", n.inAccount(), vfs.ClientText(err)), Err: err}
}

// renameContainer renames an empty container: Swift has no way to rename one with something in it. Rights, metadata and the policy go along.
func (f *FS) renameContainer(ctx context.Context, from, to name) error {
	if !from.isContainer() || !to.isContainer() {
		return vfs.Errorf(vfs.ErrUnsupported, "a top-level directory is a container: it cannot become a directory below, nor the other way round; make the new one and move the files")
	}
	page, err := f.page(ctx, from, listing{limit: 1})
	switch {
	case err != nil:
		return translate(err)
	case len(page) > 0:
		return vfs.Errorf(vfs.ErrUnsupported, "a top-level directory is a container, which can be renamed only while it is empty; make the new one and move the files")
	}
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: from})
	if err != nil {
		return translate(err)
	}
	if err := f.makeContainer(ctx, to, keptByRename(resp.header)); err != nil {
		return err
	}
	_, err = f.client.send(ctx, request{method: http.MethodDelete, target: from})
	if status(err) == http.StatusConflict {
		// Something came into it, or was there and not listed yet.
		if _, err := f.client.send(ctx, request{method: http.MethodDelete, target: to}); err != nil {
			f.log.Warn("new container not deleted", "container", to.String(), "err", err)
		}
		return refusedAs(err, vfs.ErrUnsupported, "a top-level directory is a container, which can be renamed only while it is empty, and keeps no versions")
	}
	return translate(err)
}

// keptByRename returns the headers of a container that its successor is made with.
func keptByRename(h http.Header) map[string]string {
	kept := map[string]string{}
	for key, values := range h {
		switch {
		case strings.HasPrefix(key, "X-Container-Meta-"),
			key == "X-Container-Read", key == "X-Container-Write", key == "X-Storage-Policy",
			key == "X-Versions-Location", key == "X-History-Location", key == "X-Versions-Enabled":
			kept[key] = values[0]
		}
	}
	return kept
}

// eachBelow calls do for every object below a directory, several at a time, page by page.
func (f *FS) eachBelow(ctx context.Context, dir name, do func(context.Context, entry) error) error {
	l, err := f.limits(ctx)
	if err != nil {
		return translate(err)
	}
	for marker := ""; ; {
		page, err := f.page(ctx, dir, listing{prefix: dir.prefix(), marker: marker, limit: l.listing})
		if err != nil {
			return translate(err)
		}
		if len(page) == 0 {
			return nil
		}
		marker = page[len(page)-1].key()
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(movesAtOnce)
		for _, e := range page {
			g.Go(func() error { return do(gctx, e) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}
