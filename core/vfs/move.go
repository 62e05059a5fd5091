package vfs

import (
	"context"
	"errors"
)

// Move is Rename as mv does it with a file: one that is given the name of a directory goes into that under its own name, and replaces a file there, but no
// directory. A directory is renamed as by rename(2): it replaces an empty one, and no other. Where nothing, or a file, has the new name, it is one Rename.
func Move(ctx context.Context, fsys FS, oldname, newname Path) error {
	replace := RenameOptions{Replace: true}
	if !newname.IsRoot() || oldname.IsRoot() {
		if err := fsys.Rename(ctx, oldname, newname, replace); !errors.Is(err, ErrIsDir) {
			return err
		}
	}
	return fsys.Rename(ctx, oldname, newname.Join(oldname.Base()), replace)
}

// MoveDir is Rename as mv does it with a directory: one that is given the name of another goes into that, whether it is empty or not, and replaces
// nothing there. It looks at what has the new name first.
func MoveDir(ctx context.Context, fsys FS, oldname, newname Path) error {
	if oldname != newname && !oldname.IsRoot() {
		if info, err := fsys.Stat(ctx, newname); err == nil && info.IsDir() {
			return fsys.Rename(ctx, oldname, newname.Join(oldname.Base()), RenameOptions{})
		}
	}
	return fsys.Rename(ctx, oldname, newname, RenameOptions{Replace: true})
}
