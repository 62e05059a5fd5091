package gateway

import (
	"context"
	"sync"

	"filegate/core/session"
)

// registry knows the sessions that have not ended.
type registry struct {
	mu       sync.Mutex
	sessions map[*session.Session]struct{}
	closed   bool
}

func newRegistry() *registry {
	return &registry{sessions: map[*session.Session]struct{}{}}
}

// add takes in a session until it ends, and then calls gone. It reports false, and does neither, once the registry is closed.
func (r *registry) add(s *session.Session, gone func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.sessions[s] = struct{}{}
	context.AfterFunc(s.Context(), func() {
		r.mu.Lock()
		delete(r.sessions, s)
		r.mu.Unlock()
		gone()
	})
	return true
}

// isClosed says whether close was called.
func (r *registry) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// close lets no more sessions in, and returns those that are there.
func (r *registry) close() []*session.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	all := make([]*session.Session, 0, len(r.sessions))
	for s := range r.sessions {
		all = append(all, s)
	}
	return all
}
