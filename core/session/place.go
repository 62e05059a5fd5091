package session

import (
	"context"
	"errors"
	"slices"
	"sync"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Permissions and the home directory apply to the place in the store to which a name leads, and not
// to the name, because an object can have several names.

// following tells which links in a name are followed to the place of an operation.
type following int

const (
	toEntry  following = iota // links before the last element
	toFolder                  // also the last element, if it leads to a directory
	toFile                    // also the last element
)

// follows returns which links an operation follows. Stat and Copy also check the target themselves.
func (op Op) follows() following {
	switch op {
	case OpList, OpSpace, OpACL:
		return toFolder
	case OpDownload, OpUpload, OpSetAttrs, OpTruncate, OpDigest, OpCopy, OpVersions, OpRestore, OpTempURL:
		return toFile
	}
	return toEntry
}

// hasTarget reports whether an operation has two names.
func (op Op) hasTarget() bool { return op == OpRename || op == OpCopy || op == OpSymlink }

// followsTarget returns which links an operation follows in its second name.
func (op Op) followsTarget() following {
	if op == OpRename {
		return toEntry
	}
	return toFile // a link may be followed to whatever its target is
}

// where holds all places that an operation on a name reaches. A permission is required at each of
// them.
type where []vfs.Path

// placed holds the places of a login's home directory and rules. They are looked up once in a
// session.
type placed struct {
	mu    sync.Mutex
	known bool
	home  vfs.Place
	rules []auth.Rule
	// Those of the home directory and the rules that are places which the store keeps for itself.
	kept []vfs.Path
	// archives are directories with old versions of files to which rules apply. They contain these
	// files under names to which no rule applies.
	archives []vfs.Path
}

// guarded reports whether the permissions of this login depend on the place.
func (s *Session) guarded() bool { return len(s.identity.Rules) > 0 || !s.home.IsRoot() }

// folder returns the place of a directory. It follows all links to it, without a request if the
// store has no links to directories.
func (s *Session) folder(ctx context.Context, dir vfs.Path) (vfs.Place, error) {
	p, err := vfs.PlaceOf(ctx, s.fs, dir.Join("x"), false)
	if err != nil {
		return vfs.Place{}, err
	}
	p.Path = p.Path.Dir()
	for i := range p.Of {
		p.Of[i] = p.Of[i].Dir()
	}
	return p, nil
}

// places looks up the places of the home directory and the rules.
func (s *Session) places(ctx context.Context) error {
	s.placed.mu.Lock()
	defer s.placed.mu.Unlock()
	if s.placed.known {
		return nil
	}
	var kept, ruled []vfs.Path
	keep := func(p vfs.Place) {
		if p.Kept {
			kept = append(kept, p.Path)
		}
	}
	home, err := s.folder(ctx, s.home)
	if err != nil {
		return err
	}
	keep(home)
	rules := slices.Clone(s.identity.Rules)
	for i, r := range rules {
		p, err := s.folder(ctx, s.inStore(vfs.Path(r.Path)))
		if err != nil {
			return err
		}
		keep(p)
		rules[i].Path = string(p.Path)
		ruled = append(ruled, p.Path)
	}
	archives, err := vfs.Archives(ctx, s.fs, ruled)
	if err != nil {
		return err
	}
	s.placed.home, s.placed.rules, s.placed.kept, s.placed.known = home, rules, kept, true
	// An archive that contains the home directory, or to which a rule applies, is intended.
	s.placed.archives = slices.DeleteFunc(archives, func(a vfs.Path) bool {
		return a.Contains(home.Path) || slices.ContainsFunc(rules, func(r auth.Rule) bool { return a.Contains(vfs.Path(r.Path)) })
	})
	return nil
}

// isKept reports whether a place is one where the store keeps old versions or parts of other files,
// unless the home directory or a rule is there too.
func (s *Session) isKept(p vfs.Place) bool {
	holds := func(dir vfs.Path) bool { return dir.Contains(p.Path) }
	return p.Kept && !slices.ContainsFunc(s.placed.kept, holds) || slices.ContainsFunc(s.placed.archives, holds)
}

// locate returns the places that an operation on a client's name reaches. It returns an error if
// one of them is outside of the home directory.
func (s *Session) locate(ctx context.Context, name vfs.Path, how following) (where, error) {
	all, _, err := s.reach(ctx, name, how)
	return all, err
}

// reach is locate, and also returns the place of the operation itself, or "" if
// the permissions do not depend on it.
func (s *Session) reach(ctx context.Context, name vfs.Path, how following) (all where, end vfs.Path, err error) {
	inner := s.inStore(name)
	if !s.guarded() {
		return where{inner}, "", nil
	}
	if err := s.places(ctx); err != nil {
		return nil, "", err
	}
	end = inner
	add := func(p vfs.Place, err error) error {
		if err != nil {
			return err
		}
		if s.isKept(p) {
			return vfs.Errorf(vfs.ErrPermission, "the storage keeps parts and old versions of files here, which this login may not reach this way")
		}
		end = p.Path
		for _, at := range append([]vfs.Path{p.Path}, p.Of...) {
			if !s.placed.home.Path.Contains(at) {
				return errOutOfHome
			}
			if !slices.Contains(all, at) {
				all = append(all, at)
			}
		}
		return nil
	}
	err = add(vfs.PlaceOf(ctx, s.fs, inner, false))
	if err == nil && how == toFolder {
		err = add(s.folder(ctx, inner))
	}
	if err == nil && how == toFile {
		err = add(vfs.PlaceOf(ctx, s.fs, inner, true))
	}
	if errors.Is(err, vfs.ErrNotDir) || errors.Is(err, vfs.ErrNotExist) {
		// The store has a better error for a missing file. There is nothing to protect, if the
		// place is in the home directory.
		if len(all) == 0 {
			all = where{inner}
		}
		return all, end, nil
	}
	return all, end, err
}

// leadsTo returns the place of an operation on a client's name, for [Event.Place].
func (s *Session) leadsTo(ctx context.Context, name vfs.Path, how following) (vfs.Path, error) {
	inner := s.inStore(name)
	p, err := vfs.PlaceOf(ctx, s.fs, inner, how != toEntry)
	switch kind := vfs.Kind(err); {
	case kind == vfs.ErrNotDir, kind == vfs.ErrNotExist: // the store has a better error for it
		p.Path = inner
	case err != nil:
		return "", err
	}
	return s.elsewhere(name, p.Path), nil
}

// elsewhere returns a place as a name in the whole store, or "" if it is that of a client's name
// without links.
func (s *Session) elsewhere(name, place vfs.Path) vfs.Path {
	if place == "" || place == s.inStore(name) {
		return ""
	}
	return s.outer.Under(place)
}

var errOutOfHome error = vfs.Errorf(vfs.ErrPermission, "this leads out of what this login may see")

// rules returns the login's rules with their places.
func (s *Session) rules() []auth.Rule {
	s.placed.mu.Lock()
	defer s.placed.mu.Unlock()
	return s.placed.rules
}

// rightsAt returns the permissions at a place.
func (s *Session) rightsAt(at vfs.Path) []auth.Permission {
	return auth.Identity{Permissions: s.identity.Permissions, Rules: s.rules()}.PermissionsAt(string(at))
}

// grants reports whether the permissions include what. Write includes create.
func grants(given []auth.Permission, what auth.Permission) bool {
	return slices.Contains(given, what) || what == auth.Create && slices.Contains(given, auth.Write)
}

// may reports whether the login has a permission at all of the places.
func (s *Session) may(at where, what auth.Permission) bool {
	return !slices.ContainsFunc(at, func(p vfs.Path) bool { return !grants(s.rightsAt(p), what) })
}

// mayThroughout reports whether the login has a permission at the places and everywhere below them.
func (s *Session) mayThroughout(at where, what auth.Permission) bool {
	return s.may(at, what) && !slices.ContainsFunc(s.rules(), func(r auth.Rule) bool {
		return at.contains(vfs.Path(r.Path)) && !grants(r.Permissions, what)
	})
}

// maySomewhere reports whether the login has a permission at the places or anywhere below them.
func (s *Session) maySomewhere(at where, what auth.Permission) bool {
	return s.may(at, what) || slices.ContainsFunc(s.rules(), func(r auth.Rule) bool {
		return at.contains(vfs.Path(r.Path)) && grants(r.Permissions, what)
	})
}

// contains reports whether one of the places is p or is above it.
func (w where) contains(p vfs.Path) bool {
	return slices.ContainsFunc(w, func(at vfs.Path) bool { return at.Contains(p) })
}

// above reports whether one of the places is above p.
func (w where) above(p vfs.Path) bool {
	return slices.ContainsFunc(w, func(at vfs.Path) bool { return at != p && at.Contains(p) })
}
