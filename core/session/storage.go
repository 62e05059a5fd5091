package session

import (
	"context"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// The methods below have no verb in the file transfer protocols. They need the same permissions as
// other operations with the same effect.

// Versions returns the stored versions of a file, newest first.
func (s *Session) Versions(ctx context.Context, name vfs.Path) (all []vfs.Info, err error) {
	err = s.do(ctx, Event{Op: OpVersions, Path: name}, auth.List, func(ctx context.Context) error {
		all, err = vfs.Versions(ctx, s.fs, s.inStore(name))
		return err
	})
	return all, err
}

// Restore replaces the content of a file by the content of one of its versions.
func (s *Session) Restore(ctx context.Context, name vfs.Path, version string) error {
	return s.do(ctx, Event{Op: OpRestore, Path: name, Changes: map[string]string{"version": version}}, auth.Write, func(ctx context.Context) error {
		if err := s.also(ctx, name, auth.Read, auth.Delete); err != nil {
			return err
		}
		if s.settled(ctx, name, true) != nil {
			return vfs.Errorf(vfs.ErrUnavailable, "the file is being written: try again when that has ended")
		}
		return vfs.Restore(ctx, s.fs, s.inStore(name), version)
	})
}

// TempURL returns a URL with which anybody can GET or PUT a file until a time. It needs the
// permissions of the method.
func (s *Session) TempURL(ctx context.Context, name vfs.Path, method string, until time.Time) (u string, err error) {
	needs := []auth.Permission{auth.Read}
	if method != "GET" {
		needs = []auth.Permission{auth.Create, auth.Write, auth.Delete}
	}
	err = s.do(ctx, Event{Op: OpTempURL, Path: name, Changes: map[string]string{"method": method, "until": until.UTC().Format(time.RFC3339)}}, needs[0], func(ctx context.Context) error {
		if err := s.also(ctx, name, needs...); err != nil {
			return err
		}
		u, err = vfs.TempURL(ctx, s.fs, s.inStore(name), method, until)
		return err
	})
	return u, err
}

// Traits returns the properties of the store.
func (s *Session) Traits(ctx context.Context) ([]vfs.Trait, error) { return vfs.Traits(ctx, s.fs) }

// Details returns the expiry and metadata that the store keeps for a file.
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

// ChangeDetails changes the expiry and metadata of a file. Setting an expiry needs the permission
// to delete.
func (s *Session) ChangeDetails(ctx context.Context, name vfs.Path, change vfs.DetailChange) error {
	return s.do(ctx, Event{Op: OpSetAttrs, Path: name, Changes: detailChanges(change)}, auth.Write, func(ctx context.Context) error {
		if change.Expires != nil {
			if err := s.also(ctx, name, auth.Delete); err != nil {
				return err
			}
		}
		return vfs.ChangeDetails(ctx, s.fs, s.inStore(name), change)
	})
}

// errNotForAll refuses to show or change the access of other users.
var errNotForAll error = vfs.Errorf(vfs.ErrPermission, "access lists need a login with all permissions everywhere")

// ACL returns the access lists of a directory: the users who have access besides its owner.
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

// SetACL changes the access lists of a directory.
func (s *Session) SetACL(ctx context.Context, name vfs.Path, acl vfs.ACL) error {
	return s.do(ctx, Event{Op: OpACL, Path: name, Changes: aclChanges(acl)}, auth.Write, func(ctx context.Context) error {
		if s.guarded() || s.also(ctx, name, auth.Permissions()...) != nil {
			return errNotForAll
		}
		return vfs.SetACL(ctx, s.fs, s.inStore(name), acl)
	})
}

// also checks further permissions for a name.
func (s *Session) also(ctx context.Context, name vfs.Path, what ...auth.Permission) error {
	at, err := s.locate(ctx, name, toFile)
	if err != nil {
		return err
	}
	return s.demand(at, what...)
}
