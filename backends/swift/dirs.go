package swift

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// Mkdir implements [vfs.FS]. It creates a container at the top level, and below that an object of
// the directory type.
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
	case n.IsAccount():
		return vfs.ErrExist
	case n.IsContainer():
		return f.makeContainer(ctx, n, nil)
	}
	if err := cmp.Or(n.CheckNew(), f.changeable(ctx, n)); err != nil {
		return err
	}
	_, _, asked, err := f.lookupToMake(ctx, n, p.Base())
	if errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer) {
		var cut *object.CutOff
		if cut, err = f.uploads.Find(ctx, n); err == nil && cut == nil {
			err = vfs.ErrNotExist
		}
	}
	switch {
	case err == nil:
		return vfs.ErrExist
	case !errors.Is(err, vfs.ErrNotExist) && !f.dropsInto(ctx, n, err):
		return api.Translate(err)
	}
	if err := f.prepareParent(ctx, n); err != nil {
		return err
	}
	gone := f.lastGone()
	// If-None-Match: an object that was created since the lookup is not overwritten.
	header := markerHeader(f.client.AttrsHeader(attrs, true))
	header[api.IfNoneMatch] = "*"
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Header: header})
	if err == nil {
		f.guess.made(n, asked)
		f.sawDir(n, gone, true)
	}
	switch api.StatusOf(err) {
	case http.StatusNotFound:
		return api.RefusedAs(err, vfs.ErrNotExist, "there is no container "+n.Container)
	case http.StatusPreconditionFailed:
		if now, headErr := f.client.Head(ctx, n); api.Reached(err) && headErr == nil && now.IsDir() && !now.ThroughLink {
			return nil // an earlier attempt has created it, and its answer was lost
		}
		return api.RefusedAs(err, vfs.ErrExist, "")
	}
	return api.Translate(err)
}

// makeContainer creates a container with the headers. Swift answers 202 if it exists already, so a
// HEAD comes first; a container that another client creates between the two does no harm.
func (f *FS) makeContainer(ctx context.Context, n api.Name, header map[string]string) error {
	switch _, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n}); {
	case err == nil:
		return vfs.ErrExist
	case api.StatusOf(err) != http.StatusNotFound:
		return api.Translate(err)
	}
	_, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Header: header})
	switch policy := f.backend.cfg.StoragePolicy; {
	case api.StatusOf(err) == http.StatusConflict && policy != "":
		return api.RefusedAs(err, vfs.ErrExist, "there is a container of this name, with another storage policy than "+policy)
	case api.StatusOf(err) == http.StatusBadRequest && policy != "":
		return api.RefusedAs(err, vfs.ErrInvalid, "the storage refuses this name for a container, or the storage policy "+policy)
	case api.StatusOf(err) == http.StatusBadRequest:
		return api.RefusedAs(err, vfs.ErrInvalidName, "the storage refuses this name for a container")
	}
	return api.Translate(err)
}

// Rmdir implements [vfs.FS].
func (f *FS) Rmdir(ctx context.Context, p vfs.Path) error {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return err
	case n.IsAccount():
		return vfs.Errorf(vfs.ErrPermission, "the account itself cannot be removed")
	case n.IsContainer():
		if err := f.checkNoUploads(ctx, n); err != nil {
			return err
		}
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: n})
		if err == nil {
			f.uploads.RemoveBelow(ctx, n)
			f.containers.DropSegments(ctx, n)
		}
		if api.StatusOf(err) != http.StatusConflict {
			return api.Translate(err)
		}
		if cleared, ghostErr := f.clearGhosts(ctx, n); ghostErr == nil && cleared {
			if _, err = f.client.Send(ctx, api.Request{Method: http.MethodDelete, Target: n}); api.StatusOf(err) != http.StatusConflict {
				return api.Translate(err)
			}
		}
		if page, pageErr := f.lists.List(ctx, n, listing.Query{Limit: 1}); pageErr == nil && len(page) == 0 {
			if v, versionsErr := f.client.Versioning(ctx, n); versionsErr == nil && v.Enabled {
				return api.RefusedAs(err, vfs.ErrNotEmpty, "nothing is in it any more but old versions of files, and the storage keeps it as long as it keeps those")
			}
			return api.RefusedAs(err, vfs.ErrUnavailable, "the storage has not taken in yet that everything in it was deleted, try again in a while")
		}
		return api.RefusedAs(err, vfs.ErrNotEmpty, "")
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case o.ThroughLink || api.CannotFollow(err):
		return vfs.ErrNotDir
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
		if cleared, ghostErr := f.clearGhost(ctx, n); cleared || ghostErr != nil {
			return api.Translate(ghostErr)
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
	f.backend.gone.changedAlone(f.client.Whole(n))
	for _, m := range markers {
		if err := f.client.Delete(ctx, m); err != nil {
			return api.Translate(err)
		}
	}
	f.backend.gone.changedAlone(f.client.Whole(n)) // for lookups that were made meanwhile
	f.uploads.RemoveBelow(ctx, n)
	return nil
}

// notEmpty returns the error for removing a directory that is not empty, although it may look
// empty.
func (f *FS) notEmpty(ctx context.Context, dir api.Name) error {
	page, err := f.lists.List(ctx, dir, listing.Query{Prefix: dir.Prefix(), Limit: 2})
	if err == nil && f.hideSegments && len(page) > 0 && !slices.ContainsFunc(page, func(e listing.Entry) bool { return e.Name != dir.Prefix() && !object.IsOwnPart(e.Name) }) {
		return vfs.Errorf(vfs.ErrNotEmpty, "parts of large files that were moved elsewhere lie in this directory")
	}
	return vfs.ErrNotEmpty
}

// emptiness reports whether a directory is empty, and returns the objects that are its markers.
func (f *FS) emptiness(ctx context.Context, dir api.Name) (markers []api.Name, empty bool, err error) {
	page, err := f.lists.List(ctx, dir, listing.Query{Prefix: dir.Prefix(), Limit: 2})
	if err != nil {
		return nil, false, api.Translate(err)
	}
	markers = []api.Name{dir}
	for _, e := range page {
		if e.Name != dir.Prefix() || !api.IsMarker(e.Name, e.Bytes, e.ContentType) {
			return nil, false, nil
		}
		markers = append(markers, dir.With(e.Name))
	}
	return markers, true, nil
}
