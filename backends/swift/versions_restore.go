package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"filegate/core/vfs"
)

// restore makes an old version the content of a file again, which is what it means to rename it. The version stays where it is. To the file that it is a version
// of it comes back as Swift does that, without a byte being moved; at any other name a copy of it is made.
func (h history) restore(ctx context.Context, newname vfs.Path, opts vfs.RenameOptions) error {
	v, err := h.version(ctx)
	if errors.Is(err, vfs.ErrNotExist) {
		if there, dirErr := h.isDir(ctx); dirErr == nil && (there || !h.of.isObject()) {
			return vfs.Errorf(vfs.ErrPermission, "only a single version of a file can be brought back, by renaming it to the file")
		}
	}
	if err != nil {
		return err
	}
	to, err := h.locateFile(newname)
	if err == nil {
		err = cmp.Or(to.checkNew(), h.changeable(ctx, to))
	}
	if err != nil {
		return err
	}
	target, replaced, err := h.lookup(ctx, to, newname.Base())
	if err := replaceable(target, err, opts.Replace); err != nil {
		return err
	}
	if to == v.of {
		return translate(h.bringBack(ctx, v, replaced))
	}
	return h.copyOut(ctx, v, to, replaced)
}

// bringBack makes a version the current one. The error is not translated.
func (h history) bringBack(ctx context.Context, v oldVersion, replaced object) error {
	_, id := v.name.cutVersion()
	switch {
	case id != "" && replaced.versionID == id: // it is, already
		return nil
	case id == "" || id == nullVersion, v.object.isLarge(), replaced.exists() && !replaced.isVersion():
		// In an archive there is no other way. Of a large file made current by its id listings show the size of the manifest, and a content without an
		// id would not be kept.
		return h.client.copyEntry(ctx, v.name, v.of, true, nil)
	}
	_, err := h.client.send(ctx, request{method: http.MethodPut, target: v.of, query: url.Values{"version-id": {id}}})
	return err
}

// copyOut copies a version to another name.
func (h history) copyOut(ctx context.Context, v oldVersion, to name, replaced object) error {
	if err := h.roomFor(ctx, to, v.object.size); err != nil {
		return err
	}
	freed, err := h.freedBy(ctx, to, replaced)
	if err != nil {
		return translate(err)
	}
	if err := h.copyContent(ctx, v.name, v.object, to); err != nil {
		return err
	}
	h.release(ctx, to, freed)
	return nil
}
