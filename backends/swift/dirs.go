package swift

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"

	"filegate/core/vfs"
)

// Mkdir implements [vfs.FS]: at the top level a container, below an object of the directory type.
func (f *FS) Mkdir(ctx context.Context, p vfs.Path) error { return f.mkdir(ctx, p, vfs.Attrs{}) }

// MkdirMode implements [vfs.ModeFS]. A container has no mode.
func (f *FS) MkdirMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	return f.mkdir(ctx, p, vfs.Attrs{Mode: &mode})
}

func (f *FS) mkdir(ctx context.Context, p vfs.Path, attrs vfs.Attrs) error {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return err
	case n.isAccount():
		return vfs.ErrExist
	case n.isContainer():
		return f.makeContainer(ctx, n, nil)
	}
	if err := cmp.Or(n.checkNew(), f.changeable(ctx, n)); err != nil {
		return err
	}
	_, _, asked, err := f.lookupToMake(ctx, n, p.Base())
	if errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, errNoContainer) {
		var cut *partial
		if cut, err = f.findPartial(ctx, n); err == nil && cut == nil {
			err = vfs.ErrNotExist
		}
	}
	switch {
	case err == nil:
		return vfs.ErrExist
	case !errors.Is(err, vfs.ErrNotExist) && !f.dropsInto(ctx, n, err):
		return translate(err)
	}
	if err := f.prepareParent(ctx, n); err != nil {
		return err
	}
	gone := f.lastGone()
	// If-None-Match: nothing that appeared since Stat is overwritten.
	header := markerHeader(f.client.headerOf(attrs, true))
	header[ifNoneMatch] = "*"
	_, err = f.client.send(ctx, request{method: http.MethodPut, target: n, header: header})
	if err == nil {
		f.around.made(n, asked)
		f.sawDir(n, gone, true)
	}
	switch status(err) {
	case http.StatusNotFound:
		return refusedAs(err, vfs.ErrNotExist, "there is no container "+n.container)
	case http.StatusPreconditionFailed:
		if now, headErr := f.client.head(ctx, n); reached(err) && headErr == nil && now.isDir() && !now.link {
			return nil // an earlier try has made it, whose answer was lost
		}
		return refusedAs(err, vfs.ErrExist, "")
	}
	return translate(err)
}

// makeContainer makes a container with the headers. Swift answers 202 to what exists, so that one is asked for before; between the two
// somebody else's container of that name is no harm.
func (f *FS) makeContainer(ctx context.Context, n name, header map[string]string) error {
	switch _, err := f.client.send(ctx, request{method: http.MethodHead, target: n}); {
	case err == nil:
		return vfs.ErrExist
	case status(err) != http.StatusNotFound:
		return translate(err)
	}
	_, err := f.client.send(ctx, request{method: http.MethodPut, target: n, header: header})
	switch policy := f.backend.cfg.StoragePolicy; {
	case status(err) == http.StatusConflict && policy != "":
		return refusedAs(err, vfs.ErrExist, "there is a container of this name, with another storage policy than "+policy)
	case status(err) == http.StatusBadRequest && policy != "":
		return refusedAs(err, vfs.ErrInvalid, "the storage refuses this name for a container, or the storage policy "+policy)
	case status(err) == http.StatusBadRequest:
		return refusedAs(err, vfs.ErrInvalidName, "the storage refuses this name for a container")
	}
	return translate(err)
}

// Rmdir implements [vfs.FS].
func (f *FS) Rmdir(ctx context.Context, p vfs.Path) error {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return err
	case n.isAccount():
		return vfs.Errorf(vfs.ErrPermission, "the account itself cannot be removed")
	case n.isContainer():
		if err := f.checkNoUploads(ctx, n); err != nil {
			return err
		}
		_, err := f.client.send(ctx, request{method: http.MethodDelete, target: n})
		if err == nil {
			f.removeUploads(ctx, n)
			f.dropSegmentsContainer(ctx, n)
		}
		if status(err) != http.StatusConflict {
			return translate(err)
		}
		if cleared, ghostErr := f.clearGhosts(ctx, n); ghostErr == nil && cleared {
			if _, err = f.client.send(ctx, request{method: http.MethodDelete, target: n}); status(err) != http.StatusConflict {
				return translate(err)
			}
		}
		if page, pageErr := f.page(ctx, n, listing{limit: 1}); pageErr == nil && len(page) == 0 {
			if v, versionsErr := f.client.askVersioning(ctx, n); versionsErr == nil && v.enabled {
				return refusedAs(err, vfs.ErrNotEmpty, "nothing is in it any more but old versions of files, and the storage keeps it as long as it keeps those")
			}
			return refusedAs(err, vfs.ErrUnavailable, "the storage has not taken in yet that everything in it was deleted, try again in a while")
		}
		return refusedAs(err, vfs.ErrNotEmpty, "")
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case o.link || cannotFollow(err):
		return vfs.ErrNotDir
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, errNoContainer):
		if cleared, ghostErr := f.clearGhost(ctx, n); cleared || ghostErr != nil {
			return translate(ghostErr)
		}
		return err
	case err != nil:
		return err
	case !info.IsDir():
		return vfs.ErrNotDir
	}
	markers, empty, err := f.emptiness(ctx, n)
	if err == nil && !empty {
		if empty, err = f.clearGhosts(ctx, n); empty {
			markers, empty, err = f.emptiness(ctx, n)
		}
	}
	switch {
	case err != nil:
		return err
	case !empty:
		return f.notEmpty(ctx, n)
	}
	if err := f.checkNoUploads(ctx, n); err != nil {
		return err
	}
	f.keepParent(ctx, n)
	f.backend.gone.changedAlone(f.whole(n))
	for _, m := range markers {
		if err := f.client.deleteObject(ctx, m); err != nil {
			return translate(err)
		}
	}
	f.backend.gone.changedAlone(f.whole(n)) // for what was asked meanwhile
	f.removeUploads(ctx, n)
	return nil
}

// notEmpty is the refusal to remove a directory, which may look empty.
func (f *FS) notEmpty(ctx context.Context, dir name) error {
	page, err := f.page(ctx, dir, listing{prefix: dir.prefix(), limit: 2})
	if err == nil && f.hideSegments && len(page) > 0 && !slices.ContainsFunc(page, func(e entry) bool { return e.Name != dir.prefix() && !isOwnPart(e.Name) }) {
		return vfs.Errorf(vfs.ErrNotEmpty, "parts of large files that were moved elsewhere lie in this directory")
	}
	return vfs.ErrNotEmpty
}

// emptiness says whether there is nothing in a directory, and which objects make it be there.
func (f *FS) emptiness(ctx context.Context, dir name) (markers []name, empty bool, err error) {
	page, err := f.page(ctx, dir, listing{prefix: dir.prefix(), limit: 2})
	if err != nil {
		return nil, false, translate(err)
	}
	markers = []name{dir}
	for _, e := range page {
		if e.Name != dir.prefix() || !isMarker(e.Name, e.Bytes, e.ContentType) {
			return nil, false, nil
		}
		markers = append(markers, dir.with(e.Name))
	}
	return markers, true, nil
}

// deleteObject deletes one object. That there is none is as good. The error is not translated.
func (c *client) deleteObject(ctx context.Context, n name) error {
	_, err := c.takeObject(ctx, n)
	return err
}

// takeObject deletes one object, and says whether it was there. Whoever has taken it decides over what it stood for. The error is not translated.
func (c *client) takeObject(ctx context.Context, n name) (bool, error) {
	_, err := c.send(ctx, request{method: http.MethodDelete, target: n})
	if status(err) == http.StatusNotFound {
		return reached(err), nil // when an earlier try was carried out, it was there
	}
	return err == nil, err
}
