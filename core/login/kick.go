package login

import (
	"errors"

	"filegate/core/session"
)

// errKicked is why a session ended that the operator has ended.
var errKicked = errors.New("ended by the operator")

// Sessions returns the sessions that there are, in no order.
func (d *Desk) Sessions() []*session.Session { return d.sessions.list() }

// KickSession ends a session. It reports whether there is one of that name.
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

// KickUser ends all sessions of a user, and forgets the logins of his that are remembered here, or by other gateways for the same proof: he is asked about anew. It returns how many
// sessions that were.
func (d *Desk) KickUser(name string) int {
	all := d.sessions.list() // before they begin to end with their leases
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

// list returns the sessions that there are.
func (r *sessions) list() []*session.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.listLocked()
}

// listLocked is list, with mu held.
func (r *sessions) listLocked() []*session.Session {
	all := make([]*session.Session, 0, len(r.all))
	for s := range r.all {
		all = append(all, s)
	}
	return all
}
