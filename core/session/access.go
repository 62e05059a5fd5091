package session

import (
	"context"
	"slices"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// permit returns nil if the session is alive, the names of the operation are valid, the login has
// the permissions at the places of the names, and the observer does not refuse.
// It notes the places in e.
func (s *Session) permit(ctx context.Context, e *Event, what ...auth.Permission) error {
	if err := s.permitted(ctx, e, what...); err != nil {
		return err
	}
	return s.ask(ctx, e)
}

// ask returns an error if the observer refuses an operation.
func (s *Session) ask(ctx context.Context, e *Event) error {
	o, ok := s.observer.(BeforeObserver)
	if !ok || !o.Asks(e.Op) {
		return nil
	}
	if !s.guarded() { // permitted has not needed the places
		var err error
		if e.Place, err = s.leadsTo(ctx, e.Path, e.Op.follows()); err != nil {
			return err
		}
		if e.Op.hasTarget() {
			if e.TargetPlace, err = s.leadsTo(ctx, e.Target, e.Op.followsTarget()); err != nil {
				return err
			}
		}
	}
	return o.Before(ctx, *e)
}

func (s *Session) permitted(ctx context.Context, e *Event, what ...auth.Permission) error {
	if err := s.ended(); err != nil {
		return err
	}
	two := e.Op.hasTarget()
	if !confined(e.Path) || two && !confined(e.Target) {
		return vfs.ErrInvalidName
	}
	at, end, err := s.reach(ctx, e.Path, e.Op.follows())
	if err != nil {
		return err
	}
	e.Place = s.elsewhere(e.Path, end)
	if err := s.demand(at, what...); err != nil {
		return err
	}
	if !two {
		return nil
	}
	to, end, err := s.reach(ctx, e.Target, e.Op.followsTarget())
	if err != nil {
		return err
	}
	e.TargetPlace = s.elsewhere(e.Target, end)
	switch e.Op {
	case OpRename:
		return s.mayRename(at, to)
	case OpSymlink:
		return s.mayLink(at, to)
	}
	return s.demand(to, auth.Create)
}

// demand returns an error if the login lacks one of the permissions at one of the places.
func (s *Session) demand(at where, what ...auth.Permission) error {
	for _, p := range what {
		if !s.may(at, p) {
			return forbidden(p)
		}
	}
	return nil
}

func forbidden(p auth.Permission) error {
	return vfs.Errorf(vfs.ErrPermission, "this login has no %s permission here", p)
}

// mayRename requires the permission to write at both ends. If the permissions at the ends differ, a
// rename would bypass them, so it requires the permissions of a copy and a removal.
func (s *Session) mayRename(from, to where) error {
	if len(s.identity.Rules) == 0 {
		return nil // permit has already checked the only permission that matters
	}
	needs := []auth.Permission{auth.Write}
	if !s.alike(from, to) {
		needs = append(needs, auth.Read, auth.List, auth.Delete)
	}
	for _, p := range needs {
		if !s.mayThroughout(from, p) {
			return forbidden(p)
		}
	}
	if !s.mayThroughout(to, auth.Write) {
		return forbidden(auth.Write)
	}
	return nil
}

// alike reports whether the same permissions apply to two names and to everything below them.
func (s *Session) alike(a, b where) bool {
	if slices.ContainsFunc(s.rules(), func(r auth.Rule) bool { return a.above(vfs.Path(r.Path)) || b.above(vfs.Path(r.Path)) }) {
		return false
	}
	return !slices.ContainsFunc(auth.Permissions(), func(p auth.Permission) bool { return s.may(a, p) != s.may(b, p) })
}

// inStore returns the store's name for a client's name.
func (s *Session) inStore(p vfs.Path) vfs.Path { return s.home.Under(p) }

// confined reports whether p is as clean as its type promises. It is a second check, because
// confinement to the home directory depends on it.
func confined(p vfs.Path) bool {
	clean, err := vfs.Clean(string(p))
	return err == nil && clean == p
}
