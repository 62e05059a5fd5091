package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

// Rename implements [vfs.FS]. A file costs the same at any size: of a large object only the manifest is copied, and the segments stay where they are.
// A directory is copied entry by entry before anything of it is deleted, so that what a failure leaves is whole under the old name.
func (f *FS) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	from, err := f.locate(oldname)
	if err != nil {
		return err
	}
	to, err := f.locate(newname)
	if err != nil {
		return err
	}
	if from.isAccount() || to.isAccount() {
		return vfs.Errorf(vfs.ErrPermission, "the account itself cannot be renamed")
	}
	info, moved, err := f.lookup(ctx, from, oldname.Base())
	switch {
	case err != nil:
		return err
	case from == to:
		return nil
	case from.contains(to):
		return vfs.Errorf(vfs.ErrInvalidName, "a directory cannot be moved into itself")
	case !info.IsDir() && to.isContainer():
		// Before the look at the target: that there is no such container is not what is wrong.
		_, err := f.locateFile(newname)
		return err
	}
	target, replaced, err := f.lookup(ctx, to, newname.Base())
	switch {
	case errors.Is(err, errNoContainer) && !to.isContainer():
		return err
	case errors.Is(err, vfs.ErrNotExist):
	case err != nil:
		return err
	case !opts.Replace:
		return vfs.ErrExist
	case target.IsDir() && !info.IsDir():
		return vfs.ErrIsDir
	case !target.IsDir() && info.IsDir():
		return vfs.ErrNotDir
	case target.IsDir():
		if err := f.Rmdir(ctx, newname); err != nil {
			return err
		}
	}
	if info.IsDir() {
		return f.renameDir(ctx, from, to)
	}
	segments, err := f.freedBy(ctx, to, replaced, from, moved)
	if err != nil {
		return translate(err)
	}
	if err := f.copyObject(ctx, from, to); err != nil {
		return err
	}
	if err := f.deleteObject(ctx, from); err != nil {
		return translate(err)
	}
	f.deleteSegments(ctx, segments)
	return nil
}

// freedBy returns the segments of what is about to be replaced by another object. Where a rename has broken off, both names stand for the same
// ones: those stay. The error is not translated.
func (f *FS) freedBy(ctx context.Context, to name, replaced object, from name, moved object) ([]name, error) {
	if !replaced.isLarge() || replaced.isDir() {
		return nil, nil
	}
	segments, err := f.segmentsOf(ctx, to, replaced)
	if err != nil || !moved.isLarge() {
		return segments, err
	}
	kept, err := f.segmentsOf(ctx, from, moved)
	if err != nil {
		return nil, err
	}
	needed := map[name]bool{}
	for _, n := range kept {
		needed[n] = true
	}
	return slices.DeleteFunc(segments, func(n name) bool { return needed[n] }), nil
}

// copyObject copies one object on Swift's side: a plain one with its content, a manifest as a manifest.
func (f *FS) copyObject(ctx context.Context, from, to name) error {
	// No If-None-Match: Swift takes the conditions of a COPY as being about its source.
	_, err := f.client.send(ctx, request{
		method: "COPY", target: from, header: f.destination(to), query: url.Values{"multipart-manifest": {"get"}},
	})
	return translate(err)
}

// destination says in the headers of a COPY where to.
func (f *FS) destination(to name) map[string]string {
	header := map[string]string{"Destination": quote(strings.TrimPrefix(to.inAccount(), "/"))}
	// Without it, Swift takes the account that the source is in.
	if account := cmp.Or(to.account, f.account); account != "" {
		header["Destination-Account"] = quote(account)
	}
	return header
}

// movesAtOnce is how many objects of a directory are under way in a rename.
const movesAtOnce = 8

// renameDir moves everything below a directory, and its marker.
func (f *FS) renameDir(ctx context.Context, from, to name) error {
	if from.isContainer() || to.isContainer() {
		return f.renameContainer(ctx, from, to)
	}
	move := func(n name) name { return to.with(to.object + strings.TrimPrefix(n.object, from.object)) }
	err := f.eachBelow(ctx, from, func(ctx context.Context, n name) error {
		return f.copyObject(ctx, n, move(n))
	})
	if err != nil {
		return err
	}
	// The marker last: it is what says that the directory is there. A directory that was only a prefix gets one, to stay as it was seen.
	switch err := f.copyObject(ctx, from, to); {
	case errors.Is(err, vfs.ErrNotExist):
		_, err := f.client.send(ctx, request{method: http.MethodPut, target: to, header: map[string]string{"Content-Type": directoryType}})
		if err != nil {
			return translate(err)
		}
	case err != nil:
		return err
	}
	f.log.Debug("directory copied, its old name goes", "from", from.String(), "to", to.String())
	err = f.eachBelow(ctx, from, func(ctx context.Context, n name) error { return translate(f.deleteObject(ctx, n)) })
	if err != nil {
		return err
	}
	return translate(f.deleteObject(ctx, from))
}

// renameContainer renames an empty container: Swift has no way to rename one with something in it.
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
	if err := f.makeContainer(ctx, to); err != nil {
		return err
	}
	_, err = f.client.send(ctx, request{method: http.MethodDelete, target: from})
	return translate(err)
}

// eachBelow calls do for every object below a directory, several at a time, page by page.
func (f *FS) eachBelow(ctx context.Context, dir name, do func(context.Context, name) error) error {
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
			g.Go(func() error { return do(gctx, dir.with(e.Name)) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}
