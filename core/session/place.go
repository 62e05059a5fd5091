package session

import (
	"context"
	"errors"
	"slices"
	"sync"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// Permissions and homes are decided on the place in the store that a name leads to, and not on the
// name: one object can have several.

// following is which links of a name are followed to the place that an operation is about.
type following int

const (
	toEntry  following = iota // those on the way
	toFolder                  // the last one too, where it leads to a directory
	toFile                    // the last one too, whatever it leads to
)

// follows returns how an operation follows links. Stat and Copy look after themselves.
func (op Op) follows() following {
	switch op {
	case OpList, OpSpace, OpACL:
		return toFolder
	case OpDownload, OpUpload, OpSetAttrs, OpTruncate, OpDigest, OpCopy, OpVersions, OpRestore, OpTempURL:
		return toFile
	}
	return toEntry
}

// where is all places that an operation on a name reaches: what it takes, it takes at each of them.
type where []vfs.Path

// placed are a login's home and rules by the store's places. They are looked up once in a session.
type placed struct {
	mu    sync.Mutex
	known bool
	home  vfs.Place
	rules []auth.Rule
	kept  []vfs.Path // of home and rules those which are about what the store keeps for itself
	// archives are directories with old versions of what rules are about: they show it by names
	// that no rule is about.
	archives []vfs.Path
}

// guarded reports whether it matters to this login which place a name leads to.
func (s *Session) guarded() bool { return len(s.identity.Rules) > 0 || !s.home.IsRoot() }

// folder returns the place of a directory. All links that lead to it are followed, without asking a
// store that has none to directories.
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

// places looks up where the home and the rules lead.
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
	s.placed.archives = slices.DeleteFunc(archives, func(a vfs.Path) bool { // one that home or a rule is about is meant
		return a.Contains(home.Path) || slices.ContainsFunc(rules, func(r auth.Rule) bool { return a.Contains(vfs.Path(r.Path)) })
	})
	return nil
}

// isKept reports whether the store keeps old versions or parts of other files at a place, and not
// even home or a rule is about them.
func (s *Session) isKept(p vfs.Place) bool {
	holds := func(dir vfs.Path) bool { return dir.Contains(p.Path) }
	return p.Kept && !slices.ContainsFunc(s.placed.kept, holds) || slices.ContainsFunc(s.placed.archives, holds)
}

// locate returns the places that an operation on a client's name reaches, or an error where one is
// out of the home directory.
func (s *Session) locate(ctx context.Context, name vfs.Path, how following) (where, error) {
	inner := s.inStore(name)
	if !s.guarded() {
		return where{inner}, nil
	}
	if err := s.places(ctx); err != nil {
		return nil, err
	}
	var all where
	add := func(p vfs.Place, err error) error {
		if err != nil {
			return err
		}
		if s.isKept(p) {
			return vfs.Errorf(vfs.ErrPermission, "the storage keeps parts and old versions of files here, which this login may not reach this way")
		}
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
	err := add(vfs.PlaceOf(ctx, s.fs, inner, false))
	if err == nil && how == toFolder {
		err = add(s.folder(ctx, inner))
	}
	if err == nil && how == toFile {
		err = add(vfs.PlaceOf(ctx, s.fs, inner, true))
	}
	if errors.Is(err, vfs.ErrNotDir) || errors.Is(err, vfs.ErrNotExist) {
		// The store has the better words for what is missing, and there is nothing to protect: but
		// only in the home.
		if len(all) == 0 {
			all = where{inner}
		}
		return all, nil
	}
	return all, err
}

var errOutOfHome error = vfs.Errorf(vfs.ErrPermission, "this leads out of what this login may see")

// rules returns the login's rules by places.
func (s *Session) rules() []auth.Rule {
	s.placed.mu.Lock()
	defer s.placed.mu.Unlock()
	return s.placed.rules
}

// rightsAt returns the permissions at a place.
func (s *Session) rightsAt(at vfs.Path) []auth.Permission {
	return auth.Identity{Permissions: s.identity.Permissions, Rules: s.rules()}.PermissionsAt(string(at))
}

// grants reports whether a list of permissions has one. Write is more than create.
func grants(given []auth.Permission, what auth.Permission) bool {
	return slices.Contains(given, what) || what == auth.Create && slices.Contains(given, auth.Write)
}

// may reports whether the login may do that at all of the places.
func (s *Session) may(at where, what auth.Permission) bool {
	return !slices.ContainsFunc(at, func(p vfs.Path) bool { return !grants(s.rightsAt(p), what) })
}

// mayThroughout is may for directories and all that may be in them.
func (s *Session) mayThroughout(at where, what auth.Permission) bool {
	return s.may(at, what) && !slices.ContainsFunc(s.rules(), func(r auth.Rule) bool {
		return at.contains(vfs.Path(r.Path)) && !grants(r.Permissions, what)
	})
}

// maySomewhere is may for directories or anything that may be in them.
func (s *Session) maySomewhere(at where, what auth.Permission) bool {
	return s.may(at, what) || slices.ContainsFunc(s.rules(), func(r auth.Rule) bool {
		return at.contains(vfs.Path(r.Path)) && grants(r.Permissions, what)
	})
}

// contains reports whether one of the places is p or above it.
func (w where) contains(p vfs.Path) bool {
	return slices.ContainsFunc(w, func(at vfs.Path) bool { return at.Contains(p) })
}

// above is contains without the places themselves.
func (w where) above(p vfs.Path) bool {
	return slices.ContainsFunc(w, func(at vfs.Path) bool { return at != p && at.Contains(p) })
}
