package session

import (
	"filegate/core/auth"
	"filegate/core/vfs"
)

// permit returns nil when the session still lives, the operation's names are names, and the login may do all of what is asked.
func (s *Session) permit(e Event, what ...auth.Permission) error {
	if err := s.ended(); err != nil {
		return err
	}
	if !confined(e.Path) || e.Op == OpRename && !confined(e.Target) {
		return vfs.ErrInvalidName
	}
	for _, p := range what {
		if !s.may(p) {
			return vfs.Errorf(vfs.ErrPermission, "this login has no %s permission", p)
		}
	}
	return nil
}

func (s *Session) may(what auth.Permission) bool { return s.allowed == nil || s.allowed[what] }

// inStore is the store's name for what the client calls p.
func (s *Session) inStore(p vfs.Path) vfs.Path { return s.home.Under(p) }

// confined says whether p is as clean as its type promises. It is looked at here once more, since on it rests that nobody leaves his home.
func confined(p vfs.Path) bool {
	clean, err := vfs.Resolve(vfs.Root, string(p))
	return err == nil && clean == p
}
