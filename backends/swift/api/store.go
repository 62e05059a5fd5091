package api

import (
	"context"
	"time"

	"filegate/backends/internal/pace"
	"filegate/core/backend"
)

// Config says how requests are made.
type Config struct {
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
	// Observer is told of each request. Nil: nobody is.
	Observer backend.Observer
}

// Store is what all logins of a backend share to make requests: connections, the limits that each
// cluster tells at /info, and the round trip.
type Store struct {
	config Config
	http   *transport
	info   *infoCache
	RTT    pace.RTT // of the HEADs of all logins: they share the way
	// Doubt is whether requests have been given up without an answer.
	Doubt  doubt
	probed storesProbed
}

// NewStore returns a store. It opens no connection yet.
func NewStore(cfg Config) (*Store, error) {
	if cfg.Observer == nil {
		cfg.Observer = backend.Nobody{}
	}
	t, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	return &Store{config: cfg, http: t, info: &infoCache{http: t, all: map[string]cachedLimits{}}}, nil
}

// Close closes the connections that no request uses.
func (s *Store) Close() { s.http.close() }

// Client returns the client of a login whose own account is at the storage URL. A caller may set
// its hooks before the first request.
func (s *Store) Client(login backend.Login, storageURL string) *Client {
	c := &Client{
		store: s, Grants: login.Grants, Log: login.Log, Patience: s.config.Patience, Stall: s.config.Stall, Account: accountOf(storageURL),
		Prepare: func(_ context.Context, req Request) (Request, error) { return req, nil },
		Observe: func(context.Context, Request, time.Time, *Response, error) {},
	}
	if login.Remote.IsValid() {
		c.remote = unmapped(login.Remote)
	}
	return c
}
