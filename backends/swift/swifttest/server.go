package swifttest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// User is a user of the auth services.
type User struct {
	Account string // the storage is AUTH_<Account>; also the Keystone project
	Name    string
	Key     string // the password
	// Plain makes a user without rights to the account, who can log in but then gets 403.
	Plain bool

	// The following fields are for Keystone only.

	Projects []string // the accounts of further projects that the user may choose
	Home     string   // the account of the default project, one of these; empty for none
	// TOTP is the secret of one-time codes, in base32. A user with one must give a code and the
	// password.
	TOTP        string
	Credentials []Credential // application credentials, for Account
	Expired     bool         // the password has expired
	Disabled    bool
}

// Credential is an application credential.
type Credential struct{ Name, Secret string }

// Config configures a server. The zero value is a Swift in memory, with the limits of a real Swift
// and the users of [DefaultUsers].
type Config struct {
	Dir       string        // the directory for all data; empty: in memory
	Users     []User        // the users of the auth services
	TokenLife time.Duration // the lifetime of a token; 0: 24 h
	Region    string        // of the endpoint in Keystone's catalog; empty: "RegionOne"
	Limits    Limits
	// Ahead is how far the clock is ahead of this machine's, for a gateway whose clock is wrong.
	// Negative: behind.
	Ahead time.Duration
	// Record keeps every request, for [Server.Requests]. The memory for them grows without bound.
	Record bool
	// Log gets the errors of the server itself, such as a full disk. Nil: no log.
	Log *slog.Logger
}

// DefaultUsers returns the users of Swift's own tests.
func DefaultUsers() []User {
	return []User{
		{Account: "test", Name: "tester", Key: "testing"},
		{Account: "test2", Name: "tester2", Key: "testing2"},
		{Account: "test", Name: "tester3", Key: "testing3", Plain: true},
	}
}

// Server is a Swift with its auth services. It is an [http.Handler].
type Server struct {
	cfg    Config
	limits Limits
	store  store
	clock  clock
	tokens tokens
	faults faults
	log    requestLog

	mu       sync.RWMutex // guards the following fields, and orders the changes of the store
	accounts map[string]*account
	lag      time.Duration

	closing   chan struct{} // closed by Close, which ends all delays
	closeOnce sync.Once

	url     string // set by Listen
	http    *http.Server
	serving sync.WaitGroup
	conns   sync.WaitGroup
}

var _ http.Handler = (*Server)(nil)

// New creates a server with the data in cfg.Dir. Call Close after use.
func New(cfg Config) (*Server, error) {
	if cfg.Users == nil {
		cfg.Users = DefaultUsers()
	}
	cfg.Users = slices.Clone(cfg.Users) // Disable changes them
	if cfg.TokenLife == 0 {
		cfg.TokenLife = 24 * time.Hour
	}
	if cfg.Region == "" {
		cfg.Region = "RegionOne"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		cfg:      cfg,
		limits:   cfg.Limits.withDefaults(),
		accounts: map[string]*account{},
		closing:  make(chan struct{}),
	}
	s.tokens.life = cfg.TokenLife
	s.clock.ahead = cfg.Ahead
	s.store = newMemStore()
	if cfg.Dir != "" {
		st, err := newDirStore(cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("swift in a directory: %w", err)
		}
		s.store = st
	}
	all, err := s.store.load()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("swift in a directory: %w", err), s.store.close())
	}
	for _, a := range all {
		s.accounts[a.Name] = a
		s.resume(a)
	}
	return s, nil
}

// resume sets the clock to a time after all stored times of a.
func (s *Server) resume(a *account) {
	s.clock.passed(a.Created)
	for _, c := range a.containers.items {
		s.clock.passed(c.Modified)
		for _, o := range c.objects.items {
			s.clock.passed(o.Modified)
		}
	}
}

// Listen serves on a free port of the loopback interface until Close. A caller that serves the
// handler by other means does not need it.
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ConnState: s.countConn}
	s.serving.Go(func() { _ = s.http.Serve(l) }) // always returns ErrServerClosed
	return nil
}

// countConn counts the open connections, because closing an [http.Server] does not wait for the
// handlers of their requests.
func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked: // hijacked by a fault that cuts the connection
		s.conns.Done()
	}
}

// URL returns the base URL of the server after Listen, without a slash at the end.
func (s *Server) URL() string { return s.url }

// AuthURL returns the URL for logins by auth 1.0, after Listen.
func (s *Server) AuthURL() string { return s.url + "/auth/v1.0" }

// KeystoneURL returns the URL for logins by Keystone v3, after Listen.
func (s *Server) KeystoneURL() string { return s.url + "/v3" }

// Close ends all delays, closes the connections of Listen, waits for their requests, and closes the
// directory. A caller that serves the handler by other means must stop that first.
func (s *Server) Close() error {
	var err error
	s.closeOnce.Do(func() {
		close(s.closing)
		if s.http != nil {
			err = s.http.Close()
			s.serving.Wait()
			s.conns.Wait()
		}
		err = errors.Join(err, s.store.close())
	})
	return err
}
