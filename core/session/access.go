package session

import (
	"slices"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// permit returns nil when the session still lives, the operation's names are names, and the login may do all of what is asked.
func (s *Session) permit(e Event, what ...auth.Permission) error {
	if err := s.ended(); err != nil {
		return err
	}
	if !confined(e.Path) || (e.Op == OpRename || e.Op == OpCopy || e.Op == OpSymlink) && !confined(e.Target) {
		return vfs.ErrInvalidName
	}
	for _, p := range what {
		if !s.may(e.Path, p) {
			return forbidden(p)
		}
	}
	switch {
	case e.Op == OpRename:
		return s.mayRename(e.Path, e.Target)
	case e.Op == OpSymlink:
		return s.mayLink(e.Path, e.Target)
	case e.Op == OpCopy && !s.may(e.Target, auth.Write):
		return forbidden(auth.Write)
	}
	return nil
}

func forbidden(p auth.Permission) error {
	return vfs.Errorf(vfs.ErrPermission, "this login has no %s permission here", p)
}

// may says whether the login may do that with what the client calls name.
func (s *Session) may(name vfs.Path, what auth.Permission) bool {
	return slices.Contains(s.identity.PermissionsAt(string(name)), what)
}

// mayThroughout is may for a directory and all that may be in it.
func (s *Session) mayThroughout(name vfs.Path, what auth.Permission) bool {
	return s.may(name, what) && !slices.ContainsFunc(s.identity.Rules, func(r auth.Rule) bool {
		return name.Contains(vfs.Path(r.Path)) && !slices.Contains(r.Permissions, what)
	})
}

// maySomewhere is may for a directory or anything that may be in it.
func (s *Session) maySomewhere(name vfs.Path, what auth.Permission) bool {
	return s.may(name, what) || slices.ContainsFunc(s.identity.Rules, func(r auth.Rule) bool {
		return name.Contains(vfs.Path(r.Path)) && slices.Contains(r.Permissions, what)
	})
}

// mayRename takes the permission to write at both ends. Where other permissions hold at the other end, a rename would be a way around those that
// hold here: then it takes what copying and removing would.
func (s *Session) mayRename(oldname, newname vfs.Path) error {
	if len(s.identity.Rules) == 0 {
		return nil // permit has looked at the one permission that there is to look at
	}
	needs := []auth.Permission{auth.Write}
	if !s.alike(oldname, newname) {
		needs = append(needs, auth.Read, auth.List, auth.Delete)
	}
	for _, p := range needs {
		if !s.mayThroughout(oldname, p) {
			return forbidden(p)
		}
	}
	if !s.mayThroughout(newname, auth.Write) {
		return forbidden(auth.Write)
	}
	return nil
}

// alike says whether the same permissions hold for two names, and for all below either.
func (s *Session) alike(a, b vfs.Path) bool {
	if slices.ContainsFunc(s.identity.Rules, func(r auth.Rule) bool {
		return vfs.Path(r.Path) != a && a.Contains(vfs.Path(r.Path)) || vfs.Path(r.Path) != b && b.Contains(vfs.Path(r.Path))
	}) {
		return false
	}
	return !slices.ContainsFunc(auth.Permissions(), func(p auth.Permission) bool { return s.may(a, p) != s.may(b, p) })
}

// inStore is the store's name for what the client calls p.
func (s *Session) inStore(p vfs.Path) vfs.Path { return s.home.Under(p) }

// confined says whether p is as clean as its type promises. It is looked at here once more, since on it rests that nobody leaves his home.
func confined(p vfs.Path) bool {
	clean, err := vfs.Resolve(vfs.Root, string(p))
	return err == nil && clean == p
}
