// Package backend defines the contract between the gateway and a backend: a kind of storage that is
// configured, started once, and opened for each login.
//
// A backend opens in two steps, because the login may be the storage credential. [Config].New
// creates the long-lived part (connections, pools, memory), and [Backend].Open creates the view of
// one login from its grant. The contract of the view is core/vfs, its suite core/vfs/vfstest. The
// package knows no product and no protocol.
//
// Every backend implements [Config] and [Backend], and is listed as a [Kind] in package backends;
// its tests must run core/vfs/vfstest. The other interfaces are optional. Package gateway calls
// them.
package backend

import (
	"context"
	"log/slog"
	"net/netip"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// Kind is a built-in backend under its name in the configuration: backend "swift" "main" { … }.
type Kind struct {
	Name string
	// Config returns a pointer to a struct with the backend's options, set to their defaults. Its
	// fields have hcl tags; see core/config for their types.
	Config func() Config
}

// Config is the decoded options of a backend.
type Config interface {
	// Validate reports each mistake with its attribute, what is wrong, and what to do.
	Validate(report func(attribute, summary, detail string))
	// New starts the backend. It may open files, but does not wait for the network.
	New(env Env) (Backend, error)
}

// Env is the environment that the gateway gives to a backend.
type Env struct {
	Name string // the operator's name for it
	Log  *slog.Logger
	// Cache is the cache that gateways share if one is configured, else Local. All backends of a
	// gateway share it, so keys must contain what they are about, such as the account.
	Cache cache.Cache
	// Local is the cache of this process. It is fast and always available.
	Local cache.Cache
	// Observer is notified of the backend's requests to its store. It may be nil.
	Observer Observer
}

// Backend is a running backend. It is safe for concurrent use.
type Backend interface {
	// Open opens the store for one login. The view is valid until the end of the session. ctx
	// governs only this call.
	Open(ctx context.Context, login Login) (vfs.FS, error)
	// Close releases the resources of the backend. It is called after the end of the last session.
	Close() error
}

// Grant is the storage credential from a login.
type Grant = auth.Grant

// Login is the login for which a store is opened.
type Login struct {
	SessionID string
	User      string
	Remote    netip.AddrPort // the client, for X-Forwarded-For and the like
	Log       *slog.Logger   // of the session
	Grants    Grants
}

// Grants provides the storage credential of a login over time. It is safe for concurrent use.
type Grants interface {
	// Current returns the grant to use now. It may wait, because it renews a grant before it
	// expires.
	Current(ctx context.Context) (Grant, error)
	// Renew returns a new grant in place of one that the store has refused. Concurrent callers with
	// the same refused grant cause one request to the authenticator. Renew may return the same
	// token again, so a caller that is refused again must give up by itself.
	Renew(ctx context.Context, refused Grant) (Grant, error)
}
