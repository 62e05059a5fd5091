// Package backend is what a backend hands to the gateway: a kind of storage that can be configured,
// started once, and opened for each login.
//
// A backend opens in two steps, since the login can be the storage credential: [Config].New makes
// the long-lived part (transport, pools, budgets), [Backend].Open the view of one login by its
// grant. The contract of that view is core/vfs, its suite core/vfs/vfstest. Nothing here knows a
// product or a protocol.
package backend

import (
	"context"
	"log/slog"
	"net/netip"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// Kind is a backend that is built in, as the configuration names it: backend "swift" "main" { … }.
type Kind struct {
	Name string
	// Config returns a pointer to a struct of the backend's options with the defaults filled in.
	// Its fields carry hcl tags; see core/config for the types that they may have.
	Config func() Config
}

// Config is a backend's options, decoded.
type Config interface {
	// Validate reports each mistake by the attribute that it is in: what is wrong, and what to do.
	Validate(report func(attribute, summary, detail string))
	// New starts the backend. It may open files, but does not wait for the network.
	New(env Env) (Backend, error)
}

// Env is what the gateway gives to a backend.
type Env struct {
	Name string // the operator's name for it
	Log  *slog.Logger
	// Cache is shared with other gateways where the operator has given one that can be, and else
	// Local. Backends of several names share it too, so that what a key is about (an account, say)
	// is in the key.
	Cache cache.Cache
	// Local is the cache of this process: fast and never down.
	Local cache.Cache
	// Observer is told of what the backend asks its store; nil: nobody is.
	Observer Observer
}

// Backend is a store that is running. It is safe for concurrent use.
type Backend interface {
	// Open opens the store for one login. The view is good until the session's end; ctx governs
	// only this call.
	Open(ctx context.Context, login Login) (vfs.FS, error)
	// Close ends what the backend holds, after the last session.
	Close() error
}

// Grant is the storage credential that a login brought.
type Grant = auth.Grant

// Login is whom a store is opened for.
type Login struct {
	SessionID string
	User      string
	Remote    netip.AddrPort // the client, for X-Forwarded-For and the like
	Log       *slog.Logger   // of the session
	Grants    Grants
}

// Grants is the login's storage credential over time. It is safe for concurrent use.
type Grants interface {
	// Current returns the grant to use now. It renews ahead of the grant's end, so it may wait.
	Current(ctx context.Context) (Grant, error)
	// Renew is called with a grant that the store has refused, and returns another one. However
	// many callers bring the same refused grant at the same time, the authenticator is asked once.
	// It may stand by the same token, so that a caller which is refused again must come to an end
	// by itself.
	Renew(ctx context.Context, refused Grant) (Grant, error)
}
