package session

import (
	"slices"

	"filegate/core/vfs"
)

// reserve makes sure that one more handle may be opened, and counts it as under way.
// Whoever has reserved either adds the handle or calls finish.
func (s *Session) reserve() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return vfs.ErrClosed
	case len(s.handles) >= s.maxOpen:
		return vfs.Errorf(vfs.ErrUnavailable, "too many open files: close some of the %d", len(s.handles))
	}
	s.busy++
	return nil
}

// add puts a handle into the table. It reports false when the session was closed meanwhile: then the caller closes the handle itself.
func (s *Session) add(h handle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handles[h] = struct{}{}
	if w, ok := h.(*writer); ok {
		s.writers[w.path] = append(s.writers[w.path], w)
	}
	return true
}

// drop takes a handle out of the table.
func (s *Session) drop(h handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.handles, h)
	if w, ok := h.(*writer); ok {
		rest := slices.DeleteFunc(s.writers[w.path], func(x *writer) bool { return x == w })
		if len(rest) == 0 {
			delete(s.writers, w.path)
		} else {
			s.writers[w.path] = rest
		}
	}
}

// writing returns the writer of this session that was opened last on the store's path p, or nil.
func (s *Session) writing(p vfs.Path) *writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ws := s.writers[p]; len(ws) > 0 {
		return ws[len(ws)-1]
	}
	return nil
}
