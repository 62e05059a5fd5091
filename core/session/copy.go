package session

import (
	"context"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Copy implements [vfs.CopyFS]. It takes the permission to read the one file and to write the other.
func (s *Session) Copy(ctx context.Context, oldname, newname vfs.Path, opts vfs.CopyOptions) error {
	return s.do(ctx, Event{Op: OpCopy, Path: oldname, Target: newname}, auth.Read, func(ctx context.Context) error {
		if oldname.IsRoot() || newname.IsRoot() {
			return vfs.ErrIsDir
		}
		return vfs.Copy(ctx, s.fs, s.inStore(oldname), s.inStore(newname), opts)
	})
}
