package swift

import (
	"cmp"
	"context"
	"errors"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// Remove implements [vfs.FS]. It deletes the object before the segments: a failure between the two
// leaves segments without a file, never a file without segments.
func (f *FS) Remove(ctx context.Context, p vfs.Path) error {
	n, err := f.locate(p)
	switch {
	case err != nil:
		return err
	case !n.IsObject():
		if _, _, err := f.lookup(ctx, n, p.Base()); err != nil {
			return err
		}
		return vfs.ErrIsDir
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	info, o, err := f.lookup(ctx, n, p.Base())
	switch {
	case o.ThroughLink || api.CannotFollow(err):
		f.keepParent(ctx, n)
		return api.Translate(f.client.Delete(ctx, n))
	case errors.Is(err, vfs.ErrNotExist) && !errors.Is(err, api.ErrNoContainer):
		cut, partialErr := f.uploads.Find(ctx, n)
		if partialErr == nil && cut != nil {
			partialErr = f.uploads.Remove(ctx, n, cut)
			f.containers.DropSegments(ctx, n)
			return api.Translate(partialErr)
		}
		if cleared, ghostErr := f.clearGhost(ctx, n); cleared || ghostErr != nil {
			return api.Translate(ghostErr)
		}
		return cmp.Or(api.Translate(partialErr), err)
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	}
	freed, err := f.large.FreedBy(ctx, n, o)
	if err != nil {
		return api.Translate(err)
	}
	made := f.keepParent(ctx, n)
	switch taken, err := f.client.Take(ctx, n); {
	case err != nil:
		return api.Translate(err)
	case !taken: // another client has removed or renamed it meanwhile, with its segments
		if made {
			f.unkeepParent(ctx, n)
		}
		return vfs.ErrNotExist
	}
	f.renames.Release(ctx, n, freed)
	if len(freed) > 0 {
		f.containers.DropSegments(ctx, n)
	}
	return nil
}
