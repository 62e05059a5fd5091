package swift

import (
	"context"
	"time"

	"filegate/backends/internal/pace"
	"filegate/core/backend"
)

// storeConfig says how requests are made.
type storeConfig struct {
	// Patience is how long a failing request is tried again.
	Patience time.Duration
	// Stall is how long a request may go without a byte passing before it counts as failed.
	Stall time.Duration
	// KeepModes lets objects have the permission bits and owners that their metadata names.
	KeepModes bool
	// CAFile holds the certificates, in PEM, by which the store's own is checked. Empty: the
	// system's.
	CAFile string
	// Insecure skips the check of the store's certificate.
	Insecure bool
	// MaxConnections is how many connections may be open to one host. 0: no limit.
	MaxConnections int
}

// store is what all logins of a backend share to make requests: connections, the limits that each
// cluster tells at /info, and the round trip.
type store struct {
	cfg  storeConfig
	http *transport
	info *infoCache
	rtt  pace.RTT
	// doubt is whether requests have been given up without an answer.
	doubt  doubt
	probed storesProbed
}

// newStore opens no connection yet.
func newStore(cfg storeConfig) (*store, error) {
	t, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	return &store{cfg: cfg, http: t, info: &infoCache{http: t, all: map[string]cachedLimits{}}}, nil
}

// close closes the connections that no request uses.
func (s *store) close() { s.http.close() }

// client returns what makes the requests of a login, whose own account is at the storage URL.
func (s *store) client(login backend.Login, storageURL string) *client {
	c := &client{
		store: s, grants: login.Grants, log: login.Log, patience: s.cfg.Patience, stall: s.cfg.Stall, account: accountOf(storageURL),
		prepare: func(_ context.Context, req request) (request, error) { return req, nil },
		observe: func(context.Context, request, time.Time, *response, error) {},
	}
	if login.Remote.IsValid() {
		c.remote = unmapped(login.Remote)
	}
	return c
}
