package swift

import (
	"context"
	"net/http"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// What becomes of cut-off uploads when their directory, or their container, is renamed or removed.

// checkNoUploads refuses to remove, or to rename, what has uploads in it that its listing shows.
func (f *FS) checkNoUploads(ctx context.Context, dir api.Name) error {
	switch shown, err := f.partialsShown(ctx, dir); {
	case err != nil:
		return api.Translate(err)
	case len(shown) > 0:
		return vfs.Errorf(vfs.ErrNotEmpty, "the directory contains an interrupted upload of %q: resume it, or remove it", shown[0].Name)
	}
	return nil
}

// moveUploads takes the cut-off uploads of a directory along to its new name. Their segments stay
// where they are, or have moved with the directory.
func (m *move) moveUploads(ctx context.Context) error {
	return api.Translate(m.uploads.EachMarker(ctx, m.From, func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error {
		if m.uploads.Known.Active.Has(upload) { // it will be committed under the name that it was begun with
			return nil
		}
		to, _ := m.Sibling(target)
		return m.behind.leave(target, api.Translate(m.moveUpload(ctx, target, to, upload, marker)))
	}))
}

// moveUpload makes a cut-off upload one of another file. The error is not translated.
func (m *move) moveUpload(ctx context.Context, from, to api.Name, upload string, marker listing.Entry) error {
	place, mtime, err := m.uploads.ReadMarker(ctx, from, upload, marker)
	switch {
	case api.StatusOf(err) == http.StatusNotFound: // it has gone meanwhile
		return nil
	case err != nil:
		return err
	}
	if moved, ok := m.Sibling(place); ok && m.From.Contains(place) {
		place = moved
	}
	if _, ok := object.MarkerName(to, upload); !ok {
		return api.ErrLongName(to)
	}
	if err := m.uploads.PutMarker(ctx, to, upload, place, mtime); err != nil {
		return err
	}
	taken, err := m.uploads.TakeMarker(ctx, from, upload)
	if err == nil && !taken { // it was committed, or removed, meanwhile
		_, err = m.uploads.TakeMarker(ctx, to, upload)
	}
	return err
}
