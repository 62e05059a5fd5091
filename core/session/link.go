package session

import (
	"context"

	"filegate/core/auth"
	"filegate/core/vfs"
)

var _ vfs.LinkFS = (*Session)(nil)

// Lstat implements [vfs.LinkFS].
func (s *Session) Lstat(ctx context.Context, name vfs.Path) (info vfs.Info, err error) {
	return s.describe(ctx, name, false, vfs.Lstat)
}

// Readlink implements [vfs.LinkFS]. It does not show a target outside of the home directory.
func (s *Session) Readlink(ctx context.Context, name vfs.Path) (target vfs.Path, err error) {
	err = s.do(ctx, Event{Op: OpReadlink, Path: name}, auth.List, func(ctx context.Context) error {
		inner, err := vfs.Readlink(ctx, s.fs, s.inStore(name))
		if err != nil {
			return err
		}
		var ok bool
		if target, ok = s.outOfStore(inner); !ok {
			return vfs.Errorf(vfs.ErrPermission, "the link leads out of what this login may see")
		}
		return nil
	})
	return target, err
}

// Symlink implements [vfs.LinkFS]. A link must not give more rights to its target than the login
// has there: everything that the login may do at the link, it must be allowed to do at the target.
func (s *Session) Symlink(ctx context.Context, target, name vfs.Path) error {
	return s.do(ctx, Event{Op: OpSymlink, Path: name, Target: target}, auth.Write, func(ctx context.Context) error {
		if name.IsRoot() {
			return vfs.ErrExist
		}
		if err := s.taken(ctx, name); err != nil {
			return err
		}
		return vfs.Symlink(ctx, s.fs, s.inStore(target), s.inStore(name))
	})
}

// mayLink returns an error if no link of this name to the target is permitted. Both may be, or
// become, directories.
func (s *Session) mayLink(name, target where) error {
	for _, p := range auth.Permissions() {
		if s.maySomewhere(name, p) && !s.mayThroughout(target, p) {
			return vfs.Errorf(vfs.ErrPermission, "this login has no %s permission at what the link would lead to", p)
		}
	}
	return nil
}

// outOfStore returns the client's name for a name of the store, and whether it is in the home
// directory.
func (s *Session) outOfStore(p vfs.Path) (vfs.Path, bool) {
	switch {
	case !s.home.Contains(p):
		return "", false
	case s.home.IsRoot():
		return p, true
	case p == s.home:
		return vfs.Root, true
	}
	return p[len(s.home):], true
}
