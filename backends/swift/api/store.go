package api

import (
	"context"
	"time"

	"filegate/backends/internal/pace"
	"filegate/core/backend"
)

// Config holds the options for making requests.
type Config struct {
	// Patience is how long a failing request is repeated.
	Patience time.Duration
	// Stall is how long a request may make no progress before it fails.
	Stall time.Duration
	// KeepModes uses the permission bits and owners in the metadata of objects.
	KeepModes bool
	// TimeInType stores the modification time of a file in its content type too (see TimedType), and
	// shows the time that is there.
	TimeInType bool
	// CAFile is a PEM file with the certificates by which the store's certificate is verified.
	// Empty: those of the system.
	CAFile string
	// Insecure skips the verification of the store's certificate.
	Insecure bool
	// MaxConnections is the number of connections to one host. 0: no limit.
	MaxConnections int
	// Flavour is the flavour of the stores. Empty: it is found out.
	Flavour Flavour
	// Observer is told about each request. It may be nil.
	Observer backend.Observer
}

// Store holds what the requests of all logins of a backend share: connections, the limits of each
// cluster from /info, and the round-trip time.
type Store struct {
	config Config
	http   *transport
	info   *infoCache
	RTT    pace.RTT // of the HEAD requests of all logins
	// Doubt is the time of the last request that was given up without an answer.
	Doubt  doubt
	probed storesProbed
}

// NewStore returns a store. It does not open connections.
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

// Close closes the idle connections.
func (s *Store) Close() { s.http.close() }

// Client returns the client of a login with the storage URL of its own account. The caller may set
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
