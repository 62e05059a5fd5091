package swift

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Partials implements [vfs.PartialFS].
func (f *FS) Partials(ctx context.Context, p vfs.Path) ([]vfs.Info, error) {
	dir, err := f.locate(p)
	if err != nil || dir.IsAccount() {
		return nil, err
	}
	all, err := f.uploads.In(ctx, dir)
	return all, api.Translate(err)
}

// partialsShown returns the interrupted uploads that a listing of a directory shows.
func (f *FS) partialsShown(ctx context.Context, dir api.Name) ([]vfs.Info, error) {
	if f.backend.cfg.ShowPartial == showNever {
		return nil, nil
	}
	return f.uploads.In(ctx, dir)
}

// The values of Config.ShowPartial.
const (
	showOwner = "owner"
	showNever = "never"
)

var _ vfs.PartialFS = (*FS)(nil)
