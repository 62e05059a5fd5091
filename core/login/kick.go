package login

import (
	"errors"

	"filegate/core/session"
)

// errKicked is the reason of sessions that the operator ended.
var errKicked = errors.New("ended by the operator")

// Sessions returns the sessions that have not ended, in no order.
func (d *Desk) Sessions() []*session.Session { return d.sessions.list() }

// KickSession ends the session with an id, and reports whether there was one.
func (d *Desk) KickSession(id string) bool {
	found := false
	for _, s := range d.sessions.list() {
		if s.ID() == id {
			s.Log().Info("session kicked by the operator")
			s.End(errKicked)
			found = true
		}
	}
	return found
}

// KickUser ends all sessions of a user and returns their number. It also forgets the remembered
// logins of the user, here and in the shared cache, so that the authenticator is asked at the next
// login.
func (d *Desk) KickUser(name string) int {
	all := d.sessions.list() // taken first, because revoking a lease ends its sessions
	for _, held := range d.leases.ofUser(name) {
		held.revoke(errKicked)
	}
	n := 0
	for _, s := range all {
		if s.User() == name {
			s.End(errKicked)
			n++
		}
	}
	d.log.Info("user kicked by the operator", "user", name, "sessions", n)
	return n
}

// ofUser returns the leases of a user.
func (ls *leases) ofUser(name string) []*lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var all []*lease
	for held := range ls.all {
		if held.identity.User == name {
			all = append(all, held)
		}
	}
	return all
}

// list returns the sessions that have not ended.
func (r *sessions) list() []*session.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listLocked()
}

// listLocked implements list. It is called with mu held.
func (r *sessions) listLocked() []*session.Session {
	all := make([]*session.Session, 0, len(r.all))
	for s := range r.all {
		all = append(all, s)
	}
	return all
}
