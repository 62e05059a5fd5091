// Package frontend defines the contract between the gateway and a frontend: a protocol server that
// is configured, started, and shut down gracefully.
//
// A frontend translates its protocol into calls of a [session.Session] and nothing else. It logs
// clients in with [Env].Login, and knows neither authenticators nor backends. Its suite is
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

// Kind is a built-in frontend under its name in the configuration: frontend "ssh" "public" { … }.
type Kind struct {
	Name string
	// Config returns a pointer to a struct with the frontend's options, set to their defaults. Its
	// fields have hcl tags; see core/config for their types. The attributes auth and backend belong
	// to the gateway.
	Config func() Config
}

// Config is the decoded options of a frontend.
type Config interface {
	// Validate reports each mistake with its attribute ("tls.cert" for an attribute in a block),
	// what is wrong, and what to do. It may read files that the options name, but opens no socket.
	Validate(report func(attribute, summary, detail string))
	// New creates the server. It opens no socket; Listen does.
	New(env Env) (Server, error)
}

// Warner is a Config that can warn of valid options with a risk or a price.
type Warner interface {
	// Warn reports warnings in the form of Validate. It is called if Validate has found no
	// mistakes.
	Warn(report func(attribute, summary, detail string))
}

// Warn reports the warnings about a frontend's options.
func Warn(c Config, report func(attribute, summary, detail string)) {
	if w, ok := c.(Warner); ok {
		w.Warn(report)
	}
}

// Env is the environment that the gateway gives to a frontend.
type Env struct {
	Name    string // the operator's name for it
	Version string // of filegate, for greetings
	Log     *slog.Logger

	// Connect decides about a client that has just connected, before anything is sent to it. If it
	// returns an error, such as a [*Refusal], the client is not served. It never blocks. [Clients]
	// calls it.
	Connect func(remote netip.Addr) (Visit, error)

	// Refused, if not nil, is called for each refused connection. It never blocks.
	Refused func(r *Refusal)

	// Methods returns the login methods that the frontend's authenticators support, as far as known
	// now. Other methods need not be offered.
	Methods func() []auth.Method

	// Login takes one step of a login. It returns a session if the client is logged in, or a step
	// if the authenticator asks for more. It returns neither of them, and no error, for a request
	// that proves nothing yet (auth.Request.Asks) and need not be refused, such as a question about
	// an acceptable key. An error belongs to the set in auth.Kinds and is already logged. The
	// client may read only auth.ClientText of it: "denied", or "try again later" for
	// ErrUnavailable. ctx is the context of the connection and governs the call.
	//
	// The frontend owns the session. It closes the connection when the session's context ends, and
	// closes the session when the connection has ended.
	Login func(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error)

	// Unproved reports a proof that the frontend itself has found invalid, such as a wrong
	// signature with an acceptable key. It counts as a failed login.
	Unproved func(ctx context.Context, req auth.Request)

	// Listens reports whether the gateway itself listens on a TCP port. A frontend that connects to
	// addresses of its clients' choice must not connect to such a port of this machine.
	Listens func(port uint16) bool
}

// Visit is one connection from the gateway's point of view.
type Visit interface {
	// Known reports whether a user has logged in from the client's address recently.
	Known() bool
	// Check repeats the decision of Connect with the knowledge of other gateways. It may wait until
	// ctx ends.
	Check(ctx context.Context) error
	// LoggedIn is called once, when the client has logged in. It never blocks.
	LoggedIn()
	// Ended is called once, when the connection has ended. how applies to clients that have not
	// logged in. It may wait.
	Ended(how Ending)
}

// Ending is the way in which the connection of a client without a login ended.
type Ending int

// The endings.
const (
	EndedFine      Ending = iota // nothing is held against it
	EndedNoLogin                 // it left without trying to log in
	EndedHandshake               // it did not come to a login: no common algorithms, no protocol of ours
	EndedProbing                 // it asked which keys would do, and none did
	EndedTimeout                 // it took all the time that there is for a login
)

// Server is a running frontend, with the terms of net/http.
type Server interface {
	// Listen opens the sockets. Clients are served only after Serve.
	Listen() error
	// Offer returns the sockets of the server. While it serves, a server with another configuration
	// may take over some of them with ListenAfter.
	Offer() *Sockets
	// ListenAfter is Listen, but takes over those offered sockets that it would open itself. older
	// is the server that it replaces, or nil; clients of older count towards the limits of the new
	// server. After an error the sockets are still offered.
	ListenAfter(offered *Sockets, older Server) error
	// GiveBack reverts ListenAfter. It is called before Serve.
	GiveBack(offered *Sockets)
	// Retire stops accepting clients, and Serve returns nil. Sockets that were taken over stay
	// open. Connected clients stay until they leave or until Shutdown; then gone is closed.
	Retire(offered *Sockets) (gone <-chan struct{})
	// Addrs returns the addresses of the listeners, after Listen.
	Addrs() []net.Addr
	// Serve serves clients until Shutdown, and then returns nil.
	Serve() error
	// Shutdown closes the sockets at once, and refuses the logins that are in progress. It returns
	// nil when all connections have ended, which happens when their sessions end. If ctx ends
	// first, Shutdown cuts the remaining connections, waits until nothing of them is running, and
	// returns the error of ctx.
	Shutdown(ctx context.Context) error
}

// String returns the ending for logs and tests.
func (e Ending) String() string {
	return [...]string{"fine", "no login", "handshake", "probing", "timeout"}[e]
}

// Needs are the requirements of a frontend on the machine, and its reach.
type Needs struct {
	Files  int  // open files, when all of its clients are there
	Public bool // it listens on an address that other machines reach
}

// Needer is a Config that can tell its needs.
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

// Public reports whether other machines can reach any of the addresses, which are given as
// host:port.
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
