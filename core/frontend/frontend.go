// Package frontend is what a protocol server hands to the gateway: a kind of door that can be
// configured, opened, and shut with care.
//
// A frontend turns bytes of its protocol into calls of a [session.Session] and nothing else: it
// logs clients in by [Env].Login, and sees neither authenticators nor backends. Its suite is
// frontends/frontendtest.
package frontend

import (
	"context"
	"log/slog"
	"net"
	"net/netip"

	"filegate/core/auth"
	"filegate/core/session"
)

// Kind is a frontend that is built in, as the configuration names it: frontend "ssh" "public" { …
// }.
type Kind struct {
	Name string
	// Config returns a pointer to a struct of the frontend's options with the defaults filled in.
	// Its fields carry hcl tags; see core/config for the types that they may have. The attributes
	// auth and backend are the gateway's, not the frontend's.
	Config func() Config
}

// Config is a frontend's options, decoded.
type Config interface {
	// Validate reports each mistake by the attribute that it is in ("tls.cert" for one in a block):
	// what is wrong, and what to do. It may read files that the options name, and opens no socket.
	Validate(report func(attribute, summary, detail string))
	// New makes the server. It opens no socket: that is Listen's.
	New(env Env) (Server, error)
}

// Warner is a Config that may have options which work, and which the operator should know the price
// of.
type Warner interface {
	// Warn reports them as Validate does mistakes. It is called after that, when there are none.
	Warn(report func(attribute, summary, detail string))
}

// Warn reports what an operator should know of a frontend's options.
func Warn(c Config, report func(attribute, summary, detail string)) {
	if w, ok := c.(Warner); ok {
		w.Warn(report)
	}
}

// Env is what the gateway gives to a frontend.
type Env struct {
	Name    string // the operator's name for it
	Version string // of filegate, for greetings
	Log     *slog.Logger

	// Connect is asked about a client that has just connected, before anything is sent to it. Where
	// it returns an error, which may be a [*Refusal], the client is not served. It never waits. See
	// [Clients], which calls it.
	Connect func(remote netip.Addr) (Visit, error)

	// Refused, where it is not nil, is told of each connection that is not served. It never waits.
	Refused func(r *Refusal)

	// Methods returns the ways to log in that some authenticator of this frontend has, as far as
	// that is known now: others need not be offered.
	Methods func() []auth.Method

	// Login takes one step of a login. The client is in when a session comes back, and wanted for
	// another step when a step does. Neither comes back, and no error, for a request that proves
	// nothing yet (auth.Request.Asks) and need not be refused, such as one about a key that would
	// do. The error is of the set in auth.Kinds and already logged. A client may read
	// auth.ClientText of it and nothing else: it learns "denied", or with ErrUnavailable "try again
	// later". ctx is the connection's and bounds the call.
	//
	// The frontend owns the session: it hangs up when the session's context ends, and calls Close
	// when the connection has.
	Login func(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error)

	// Unproved tells the gateway of a proof that the frontend itself has found to be none, such as
	// a wrong signature under a key that would do. It counts as a failed login.
	Unproved func(ctx context.Context, req auth.Request)
}

// Visit is one connection, as the gateway counts it.
type Visit interface {
	// Known reports whether somebody has logged in lately from the client's address.
	Known() bool
	// Check asks once more, what other gateways know included. It may wait, until ctx ends.
	Check(ctx context.Context) error
	// LoggedIn is called once when the client has logged in. It never waits.
	LoggedIn()
	// Ended is called once when the connection has ended. How is about a client that has not logged
	// in. It may wait.
	Ended(how Ending)
}

// Ending is how the connection of a client ends that has not logged in.
type Ending int

// The ways to end.
const (
	EndedFine      Ending = iota // nothing is held against it
	EndedNoLogin                 // it left without trying to log in
	EndedHandshake               // it did not come to a login: no common algorithms, no protocol of ours
	EndedProbing                 // it asked which keys would do, and none did
	EndedTimeout                 // it took all the time that there is for a login
)

// Server is a frontend that is running, in the words of net/http.
type Server interface {
	// Listen opens the sockets. No client is served before Serve.
	Listen() error
	// Offer returns the sockets, of which the server of another configuration may take some over by
	// ListenAfter while this one serves.
	Offer() *Sockets
	// ListenAfter is Listen, and takes over those of the offered sockets that it would open. older
	// is the server in whose place it comes, whose clients count as its own for limits; nil: there
	// is none. After an error the sockets are offered still.
	ListenAfter(offered *Sockets, older Server) error
	// GiveBack undoes ListenAfter, before Serve.
	GiveBack(offered *Sockets)
	// Retire lets no more clients in, and Serve returns nil. The sockets that were taken over stay
	// open. The clients that there are stay until they leave, or until Shutdown; when there are
	// none, gone is closed.
	Retire(offered *Sockets) (gone <-chan struct{})
	// Addrs returns where it listens, after Listen.
	Addrs() []net.Addr
	// Serve serves clients until Shutdown, and then returns nil.
	Serve() error
	// Shutdown closes the sockets at once, so that no new client comes in, and refuses logins of
	// clients that are not through yet. It returns nil when all connections have ended, which it
	// leaves to the end of their sessions; when ctx ends, it cuts the rest, waits until nothing of
	// them is running, and returns the context's error.
	Shutdown(ctx context.Context) error
}

// String is for the log and for tests.
func (e Ending) String() string {
	return [...]string{"fine", "no login", "handshake", "probing", "timeout"}[e]
}

// Needs are what a frontend takes of the machine, and how far it can be reached.
type Needs struct {
	Files  int  // open files, when all of its clients are there
	Public bool // it listens on an address that other machines reach
}

// Needer is a Config that knows its needs.
type Needer interface {
	Needs() Needs
}

// NeedsOf returns the needs of a frontend's options.
func NeedsOf(c Config) Needs {
	if n, ok := c.(Needer); ok {
		return n.Needs()
	}
	return Needs{}
}

// Public reports whether any of some addresses, as host:port, is one that other machines reach.
func Public(listen []string) bool {
	for _, addr := range listen {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			continue
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}
