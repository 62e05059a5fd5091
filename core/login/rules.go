package login

import (
	"net/netip"
	"sync/atomic"

	"filegate/core/config"
)

// rules holds the current configuration of logins and limits, which a reload replaces.
type rules struct{ current atomic.Pointer[ruleSet] }

type ruleSet struct {
	login  config.Login
	limits config.Limits
	allow  []netip.Prefix // networks that are never banned
}

func newRules(login config.Login, limits config.Limits) *rules {
	r := new(rules)
	r.set(login, limits)
	return r
}

func (r *rules) set(login config.Login, limits config.Limits) {
	allow, _ := login.Ban.Networks() // core/config has validated them
	r.current.Store(&ruleSet{login, limits, allow})
}

func (r *rules) now() *ruleSet { return r.current.Load() }

// Obey replaces the configuration. Sessions keep their shares, and the recorded failures stay.
func (d *Desk) Obey(login config.Login, limits config.Limits) { d.rules.set(login, limits) }

func (d *Desk) cfg() config.Login        { return d.rules.now().login }
func (f *bans) cfg() config.Ban          { return f.rules.now().login.Ban }
func (p *penalties) cfg() config.Penalty { return p.rules.now().login.Penalty }
func (l *limiter) cfg() config.Limits    { return l.rules.now().limits }
func (ls *leases) cfg() config.Login     { return ls.rules.now().login }
