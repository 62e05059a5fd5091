package login

import (
	"context"
	"sync"

	"filegate/core/session"
)

// sessions are those that have not ended.
type sessions struct {
	mu     sync.Mutex
	all    map[*session.Session]struct{}
	closed bool
}

func newSessions() *sessions {
	return &sessions{all: map[*session.Session]struct{}{}}
}

// add takes in a session until it ends, and then calls gone. It reports false, and does neither, once close was called.
func (r *sessions) add(s *session.Session, gone func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.all[s] = struct{}{}
	context.AfterFunc(s.Context(), func() {
		r.mu.Lock()
		delete(r.all, s)
		r.mu.Unlock()
		gone()
	})
	return true
}

// isClosed says whether close was called.
func (r *sessions) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// close lets no more sessions in, and returns those that are there.
func (r *sessions) close() []*session.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.listLocked()
}
