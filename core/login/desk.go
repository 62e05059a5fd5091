// Package login takes a client from its first connection to its session, for all frontends of a process alike.
//
// A [Desk] stands between clients and authenticators. A [Frontend] of it answers the logins of one frontend (frontend.go): those who fail again
// and again are kept out (bans.go), connections that do not log in are few (connections.go), a failed login takes as long whatever the reason (pace.go). What an
// authenticator has answered is a lease (lease.go), on which sessions live (sessions.go): it is asked about again while they do, kept for the next
// login of the same client (remember.go), and told to other gateways by the cache that they share (shared.go, stake.go).
//
// It knows no protocol and no product, and starts no authenticator. Its suite is its own tests, which run it inside a gateway over fakes of all kinds of parts.
package login

import (
	"context"
	"log/slog"
	"net/netip"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/frontend"
	"filegate/core/session"
)

// Authority is who answers for logins: the authenticators that a frontend asks.
type Authority interface {
	auth.Revalidator
	auth.Releaser
}

// Observer counts what happens. Its methods are called from several goroutines, and return at once.
type Observer interface {
	// Login is a step of a login that has ended, with its result in a word: "ok", or one of [Classify]. id is who has logged in; nil where nobody has.
	Login(req auth.Request, result string, id *auth.Identity)
	// Ban is a ban that has begun: of an "address" or a "user", or of the "connections" of an address.
	Ban(of string)
	// Entered is a session that has begun. It ends when left is called.
	Entered(service string) (left func())
	// Session returns the observer of a session that is about to begin.
	Session(req auth.Request, id auth.Identity) session.Observer
}

// RenewalsKey is the purpose of the secret that the keys are made of with which authenticators seal their renewals.
const RenewalsKey = "renewals"

// Options are what a [Desk] works with.
type Options struct {
	Config   config.Login
	Limits   config.Limits
	Life     context.Context // of the sessions, which outlive each call
	Local    cache.Cache     // of this process
	Shared   cache.Cache     // with other gateways, or Local
	Used     func(auth.Grant) (unused func())
	Log      *slog.Logger
	Observer Observer
}

// Desk is where the logins of all frontends of a process come together.
type Desk struct {
	rules       *rules
	life        context.Context
	log         *slog.Logger
	observer    Observer
	sessions    *sessions
	pace        *pace
	bans        *bans
	connections *connections
	limiter     *limiter
	leases      *leases
	open        session.OpenFiles
}

// NewDesk returns a desk. Close ends it.
func NewDesk(o Options) *Desk {
	d := &Desk{rules: newRules(o.Config, o.Limits), life: o.Life, log: o.Log, observer: o.Observer, sessions: newSessions()}
	d.pace = &pace{d.rules}
	d.bans = newBans(d.rules, o.Local, o.Shared)
	d.connections = newConnections(d.rules, d.bans, &penalties{rules: d.rules, bans: d.bans, log: o.Log, observer: o.Observer})
	d.limiter = newLimiter(d.rules, o.Local, o.Shared)
	d.leases = newLeases(d.rules, newSharedLogins(o.Local, o.Shared), o.Used, o.Log)
	return d
}

// Connect implements [frontend.Env].Connect.
func (d *Desk) Connect(remote netip.Addr) (frontend.Visit, error) {
	return d.connections.connect(remote)
}

// Shut lets nobody in any more, and returns the sessions that there are.
func (d *Desk) Shut() []*session.Session { return d.sessions.close() }

// IsShut reports whether Shut was called.
func (d *Desk) IsShut() bool { return d.sessions.isClosed() }

// ForgetLogins makes every login be asked about anew: other authenticators answer from now on.
func (d *Desk) ForgetLogins() { d.leases.forgetAll() }

// Close gives all grants back. The sessions have ended, or are about to, and the authenticators still run.
func (d *Desk) Close() { d.leases.close() }
