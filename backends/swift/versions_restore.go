package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// restore makes an old version the content of a file: it implements the rename of a version. The
// version stays. If the new name is the file that it is a version of, Swift restores it without
// moving a byte, if possible; at any other name a copy is created.
func (h history) restore(ctx context.Context, newname vfs.Path, opts vfs.RenameOptions) error {
	v, err := h.version(ctx)
	if errors.Is(err, vfs.ErrNotExist) {
		if there, dirErr := h.isDir(ctx); dirErr == nil && (there || !h.of.IsObject()) {
			return vfs.Errorf(vfs.ErrPermission, "only a single version of a file can be brought back, by renaming it to the file")
		}
	}
	if err != nil {
		return err
	}
	to, err := h.locateFile(newname)
	if err == nil {
		err = cmp.Or(to.CheckNew(), h.changeable(ctx, to))
	}
	if err != nil {
		return err
	}
	target, replaced, err := h.lookup(ctx, to, newname.Base())
	if err := replaceable(target, err, opts.Replace); err != nil {
		return err
	}
	if to == v.of {
		return api.Translate(h.bringBack(ctx, v, replaced))
	}
	return h.copyOut(ctx, v, to, replaced)
}

// bringBack makes a version the current one. The error is not translated.
func (h history) bringBack(ctx context.Context, v oldVersion, replaced api.Object) error {
	_, id := v.name.CutVersion()
	switch {
	case id != "" && replaced.VersionID == id: // it is the current one already
		return nil
	case id == "" || id == api.NullVersion, v.object.IsLarge(), replaced.Exists() && !replaced.IsVersion():
		// In an archive there is no other way. If a large file were made current by its id,
		// listings would show the size of the manifest; and content without an id would not be
		// kept.
		return h.client.Copy(ctx, v.name, v.of, true, nil)
	}
	_, err := h.client.Send(ctx, api.Request{Method: http.MethodPut, Target: v.of, Query: url.Values{"version-id": {id}}})
	return err
}

// copyOut copies a version to another name.
func (h history) copyOut(ctx context.Context, v oldVersion, to api.Name, replaced api.Object) error {
	if err := h.containers.CheckRoom(ctx, to, v.object.Size); err != nil {
		return err
	}
	freed, err := h.large.FreedBy(ctx, to, replaced)
	if err != nil {
		return api.Translate(err)
	}
	if err := h.writers.Copy(ctx, v.name, v.object, to); err != nil {
		return err
	}
	h.renames.Release(ctx, to, freed)
	return nil
}
