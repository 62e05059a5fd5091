package swift

import (
	"context"
	"net/http"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// This file is about the interrupted uploads in a directory or container that is renamed or
// removed.

// checkNoUploads returns an error if the listing of a directory that is to be removed or renamed
// shows an interrupted upload.
func (f *FS) checkNoUploads(ctx context.Context, dir api.Name) error {
	switch shown, err := f.partialsShown(ctx, dir); {
	case err != nil:
		return api.Translate(err)
	case len(shown) > 0:
		return vfs.Errorf(vfs.ErrNotEmpty, "the directory contains an interrupted upload of %q: resume it, or remove it", shown[0].Name)
	}
	return nil
}

// moveUploads moves the interrupted uploads of a directory to its new name. Their segments stay
// where they are, or have been moved with the directory.
func (m *move) moveUploads(ctx context.Context) error {
	return api.Translate(m.uploads.EachMarker(ctx, m.From, func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error {
		if m.uploads.Known.Active.Has(upload) { // Commit will use the name that it was begun with
			return nil
		}
		to, _ := m.Sibling(target)
		return m.behind.leave(target, api.Translate(m.moveUpload(ctx, target, to, upload, marker)))
	}))
}

// moveUpload moves an interrupted upload to the name of another file. The error is not translated.
func (m *move) moveUpload(ctx context.Context, from, to api.Name, upload string, marker listing.Entry) error {
	place, mtime, err := m.uploads.ReadMarker(ctx, from, upload, marker)
	switch {
	case api.StatusOf(err) == http.StatusNotFound: // another client has removed it meanwhile
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
