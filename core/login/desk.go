// Package login handles a client from its first connection to the beginning of its session, in the
// same way for all frontends of a process.
//
// A [Desk] stands between clients and authenticators. Its [Frontend] answers the logins of one
// frontend (frontend.go). The desk bans addresses and users after failed logins: bans.add begins a
// ban, and bans.judge refuses a login (bans.go). It records from which addresses users have logged
// in (known.go). It limits the connections that have not logged in (connections.go), and refuses
// those of addresses whose earlier connections did not lead to a login (penalties.go). It delays the
// answers to failed logins so that all take the same time (pace.go). It enforces the limits of
// addresses, users and accounts (limiter.go).
//
// The answer of an authenticator becomes a lease (lease.go), which the sessions use (sessions.go).
// The authenticator is asked about a lease again while sessions use it. A lease is remembered for
// the next login of the same client (remember.go), and shared with other gateways through their
// common cache (shared.go, grantuse.go). Operators list, set and lift bans (banlist.go), and list
// and end sessions (kick.go). The log lines of failed logins have a fixed format (log.go).
//
// The package knows no protocol and no product, and starts no authenticator. Its tests run it
// inside a gateway with fakes of all kinds of parts.
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

// Authority is the chain of authenticators that a frontend asks. It also takes back and checks
// again what they have granted.
type Authority interface {
	auth.Revalidator
	auth.Releaser
}

// Observer counts events. Its methods may be called from several goroutines and must return at
// once, apart from Before.
type Observer interface {
	// Before is called when an identity is about to begin a session. An error refuses the login. If
	// it is auth.ErrDenied, the login does not count as a failure for bans.
	Before(ctx context.Context, req auth.Request, id auth.Identity) error
	// Login is called when a step of a login has ended. result is "ok", or a result of [Classify].
	// id is the identity that has logged in, or nil if none has.
	Login(req auth.Request, result string, id *auth.Identity)
	// Ban is called when a ban has begun. of is "address" or "user", or "connections" if an address
	// is now held off.
	Ban(of string)
	// Entered is called when a session has begun. The caller calls left when the session has ended.
	Entered(service string) (left func())
	// Session returns the observer for a session that is about to begin.
	Session(req auth.Request, id auth.Identity) session.Observer
}

// RenewalsKey is the purpose of the secret from which the keys are derived that seal the renewals
// of authenticators.
const RenewalsKey = "renewals"

// Options are the options of [NewDesk].
type Options struct {
	Config   config.Login
	Limits   config.Limits
	Life     context.Context // of the sessions, which outlast each call
	Local    cache.Cache     // of this process
	Shared   cache.Cache     // with other gateways, or Local
	Used     func(auth.Grant) (unused func())
	Log      *slog.Logger
	Observer Observer
}

// Desk handles the logins of all frontends of a process.
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

// NewDesk returns a desk. Call Close after the last use.
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

// Shut refuses all further logins, and returns the sessions that have not ended.
func (d *Desk) Shut() []*session.Session { return d.sessions.close() }

// IsShut reports whether Shut was called.
func (d *Desk) IsShut() bool { return d.sessions.isClosed() }

// ForgetLogins drops all remembered logins, so that the next login of each client asks the current
// authenticators.
func (d *Desk) ForgetLogins() { d.leases.forgetAll() }

// Close gives back all grants. Before, all sessions must have ended or must be about to end, and
// the authenticators must still run.
func (d *Desk) Close() { d.leases.close() }
