package login

import (
	"context"
	"sync"

	"filegate/core/session"
)

// sessions are those that have not ended, and whose they are.
type sessions struct {
	mu     sync.Mutex
	all    map[*session.Session]struct{}
	users  map[user]int // sessions of each, those that are about to begin included
	closed bool
}

// user is who logged in, by the authenticator's name and that of its answer.
type user struct{ auth, name string }

func newSessions() *sessions {
	return &sessions{all: map[*session.Session]struct{}{}, users: map[user]int{}}
}

// enter counts a session of a user, until leave is called, which may happen twice. It reports false, and counts nothing, where the user
// has as many as limit already; zero is no limit.
func (r *sessions) enter(u user, limit int) (leave func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit > 0 && r.users[u] >= limit {
		return nil, false
	}
	r.users[u]++
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.users[u]--; r.users[u] == 0 {
			delete(r.users, u)
		}
	}), true
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
	all := make([]*session.Session, 0, len(r.all))
	for s := range r.all {
		all = append(all, s)
	}
	return all
}
