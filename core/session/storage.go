package session

import (
	"context"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// What no protocol of files has a verb for. The session's permissions hold as for what has the same
// effect otherwise.

// Versions returns the versions of a file that are kept, the latest first.
func (s *Session) Versions(ctx context.Context, name vfs.Path) (all []vfs.Info, err error) {
	err = s.do(ctx, Event{Op: OpVersions, Path: name}, auth.List, func(ctx context.Context) error {
		all, err = vfs.Versions(ctx, s.fs, s.inStore(name))
		return err
	})
	return all, err
}

// Restore makes the content of a version the content of the file again. What the file has now is
// replaced.
func (s *Session) Restore(ctx context.Context, name vfs.Path, version string) error {
	return s.do(ctx, Event{Op: OpRestore, Path: name}, auth.Write, func(ctx context.Context) error {
		if err := s.also(ctx, name, auth.Read, auth.Delete); err != nil {
			return err
		}
		if s.settled(ctx, name, true) != nil {
			return vfs.Errorf(vfs.ErrUnavailable, "the file is being written: try again when that has ended")
		}
		return vfs.Restore(ctx, s.fs, s.inStore(name), version)
	})
}

// TempURL returns an address by which anybody can GET or PUT a file until a time. It takes the
// permissions that the method does.
func (s *Session) TempURL(ctx context.Context, name vfs.Path, method string, until time.Time) (u string, err error) {
	needs := []auth.Permission{auth.Read}
	if method != "GET" {
		needs = []auth.Permission{auth.Create, auth.Write, auth.Delete}
	}
	err = s.do(ctx, Event{Op: OpTempURL, Path: name}, needs[0], func(ctx context.Context) error {
		if err := s.also(ctx, name, needs...); err != nil {
			return err
		}
		u, err = vfs.TempURL(ctx, s.fs, s.inStore(name), method, until)
		return err
	})
	return u, err
}

// Details returns what the store keeps of a file beside its attributes.
func (s *Session) Details(ctx context.Context, name vfs.Path) (d vfs.Details, err error) {
	err = s.do(ctx, Event{Op: OpStat, Path: name}, auth.List, func(ctx context.Context) error {
		if err := s.also(ctx, name, auth.List); err != nil {
			return err
		}
		d, err = vfs.DetailsOf(ctx, s.fs, s.inStore(name))
		return err
	})
	return d, err
}

// ChangeDetails changes what the store keeps of a file. That the store deletes it takes the
// permission to delete.
func (s *Session) ChangeDetails(ctx context.Context, name vfs.Path, change vfs.DetailChange) error {
	return s.do(ctx, Event{Op: OpSetAttrs, Path: name}, auth.Write, func(ctx context.Context) error {
		if change.Expires != nil {
			if err := s.also(ctx, name, auth.Delete); err != nil {
				return err
			}
		}
		return vfs.ChangeDetails(ctx, s.fs, s.inStore(name), change)
	})
}

// errNotForAll is the refusal to let others in.
var errNotForAll error = vfs.Errorf(vfs.ErrPermission, "this login may not see or change who else is let in: it takes all permissions everywhere")

// ACL returns who is let into a directory beside its owner.
func (s *Session) ACL(ctx context.Context, name vfs.Path) (acl vfs.ACL, err error) {
	err = s.do(ctx, Event{Op: OpACL, Path: name}, auth.List, func(ctx context.Context) error {
		if s.guarded() {
			return errNotForAll
		}
		acl, err = vfs.ACLOf(ctx, s.fs, s.inStore(name))
		return err
	})
	return acl, err
}

// SetACL changes who is let into a directory beside its owner.
func (s *Session) SetACL(ctx context.Context, name vfs.Path, acl vfs.ACL) error {
	return s.do(ctx, Event{Op: OpACL, Path: name}, auth.Write, func(ctx context.Context) error {
		if s.guarded() || s.also(ctx, name, auth.Permissions()...) != nil {
			return errNotForAll
		}
		return vfs.SetACL(ctx, s.fs, s.inStore(name), acl)
	})
}

// also demands further permissions where a name leads.
func (s *Session) also(ctx context.Context, name vfs.Path, what ...auth.Permission) error {
	at, err := s.locate(ctx, name, toFile)
	if err != nil {
		return err
	}
	return s.demand(at, what...)
}
