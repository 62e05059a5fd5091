package swift

import (
	"context"
	"errors"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

var _ vfs.CopyFS = (*FS)(nil)

// Copy implements [vfs.CopyFS]. Swift copies the file, at the cost of a COPY. A file of more than 5
// GiB is copied segment by segment.
func (f *FS) Copy(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	from, err := f.locateFile(oldname)
	if err != nil {
		return err
	}
	to, err := f.locateFile(newname)
	if err != nil {
		return err
	}
	if from, _, err = f.readable(ctx, from, oldname.Base()); err != nil {
		return err
	}
	if err := f.changeable(ctx, to); err != nil {
		return err
	}
	from, info, o, err := f.lookupThrough(ctx, from, oldname.Base())
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return vfs.ErrIsDir
	case opts.IfVersion != "" && opts.IfVersion != o.Version():
		return vfs.ErrChanged
	case from == to:
		return vfs.ErrOntoItself
	case to.CheckNew() != nil:
		return to.CheckNew()
	}
	target, replaced, err := f.lookupNew(ctx, to, newname.Base())
	to, target, replaced, err = f.through(ctx, to, newname.Base(), target, replaced, err)
	if from == to {
		return vfs.ErrOntoItself
	}
	if err := replaceable(target, err, opts.Replace); err != nil {
		return err
	}
	if !replaced.Exists() {
		if err := f.prepareParent(ctx, to); err != nil {
			return err
		}
	}
	switch part, err := f.large.IsPartOf(ctx, to, replaced, from, o); {
	case err != nil:
		return api.Translate(err)
	case part:
		return vfs.Errorf(vfs.ErrInvalid, "the file %q is stored in parts, and the new name is that of one of them: choose another name", from.InAccount())
	}
	freed, err := f.large.FreedBy(ctx, to, replaced)
	if err != nil {
		return api.Translate(err)
	}
	if err := f.containers.CheckRoom(ctx, to, o.Size); err != nil {
		return err
	}
	if err := f.writers.Copy(ctx, from, o, to); err != nil {
		return err
	}
	f.renames.Release(ctx, to, freed)
	return nil
}

// replaceable returns an error if a file cannot be created at a name, given the result of its
// lookup. replace means that the name may be that of a file.
func replaceable(target vfs.Info, err error, replace bool) error {
	switch {
	case errors.Is(err, api.ErrNoContainer):
		return err
	case errors.Is(err, vfs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case target.IsDir():
		return vfs.ErrIsDir
	case !replace:
		return vfs.ErrExist
	}
	return nil
}
