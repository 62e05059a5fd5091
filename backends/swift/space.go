package swift

import (
	"context"

	"filegate/core/vfs"
)

// StatSpace implements [vfs.SpaceFS]. It returns the quota of the account, or that of the container
// if that leaves less.
func (f *FS) StatSpace(ctx context.Context, p vfs.Path) (vfs.Space, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Space{}, err
	}
	return f.containers.SpaceFor(ctx, n)
}
