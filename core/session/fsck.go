package session

import (
	"context"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Fsck searches the whole store for errors. A login with a home directory, with rules or without
// one of the permissions may not, because the search shows and repairs all names of the store.
func (s *Session) Fsck(ctx context.Context, opts vfs.FsckOptions) error {
	s.begin()
	defer s.finish()
	ctx, cancel := s.join(ctx)
	defer cancel()
	if err := s.ended(); err != nil {
		return err
	}
	home, err := vfs.Clean(s.identity.Home)
	if err != nil {
		return err
	}
	if !home.IsRoot() || len(s.identity.Rules) > 0 {
		return vfs.Errorf(vfs.ErrPermission, "a login with a home directory or with rules may not search the whole storage: use the login of its owner")
	}
	needs := []auth.Permission{auth.Read, auth.List}
	if opts.Repair {
		needs = auth.Permissions()
	}
	if err := s.demand(where{vfs.Root}, needs...); err != nil {
		return err
	}
	s.log.Info("search for errors begins", "container", opts.Container, "repair", opts.Repair)
	err = vfs.Fsck(ctx, s.fs, opts)
	s.log.Info("search for errors ends", "err", err)
	return err
}
