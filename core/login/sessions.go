package login

import (
	"context"
	"sync"

	"filegate/core/session"
)

// sessions are the sessions that have not ended.
type sessions struct {
	mu     sync.Mutex
	all    map[*session.Session]struct{}
	closed bool
}

func newSessions() *sessions {
	return &sessions{all: map[*session.Session]struct{}{}}
}

// add adds a session, which is removed when it ends; then gone is called. After close, add does
// nothing and returns false.
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

// isClosed reports whether close was called.
func (r *sessions) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// close refuses further sessions, and returns those that have not ended.
func (r *sessions) close() []*session.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.listLocked()
}
