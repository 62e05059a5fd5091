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

// User is somebody who may log in.
type User struct {
	Account string // whose storage is AUTH_<Account>; also the Keystone project
	Name    string
	Key     string // the password
	// Plain makes the user one without rights to the account, who logs in and then gets 403.
	Plain bool

	// What follows is Keystone's alone.

	Projects    []string     // accounts of further projects that the user may choose
	Home        string       // the account of the default project, which is one of these; empty for none
	TOTP        string       // the secret of one-time codes, in base32; such a user must give one beside the password
	Credentials []Credential // application credentials, for Account
	Expired     bool         // the password has expired
	Disabled    bool
}

// Credential is an application credential.
type Credential struct{ Name, Secret string }

// Config says what to serve. The zero value is a Swift in memory, with Swift's own limits and the
// users of [DefaultUsers].
type Config struct {
	Dir       string        // where to keep everything; in memory where empty
	Users     []User        // who may log in
	TokenLife time.Duration // how long a token is good; 24 h where 0
	Region    string        // of the endpoint in Keystone's catalog; "RegionOne" where empty
	Limits    Limits
	// Record keeps every request, for [Server.Requests]. What is kept grows without bound.
	Record bool
	// Log is told what goes wrong in the server itself, such as a full disk. Nil is silent.
	Log *slog.Logger
}

// DefaultUsers are those that Swift's own tests know.
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

	mu       sync.RWMutex // guards what follows, and orders the changes of the store
	accounts map[string]*account
	lag      time.Duration

	closing   chan struct{} // closed by Close: nothing stalls after it
	closeOnce sync.Once

	url     string // where Listen serves it
	http    *http.Server
	serving sync.WaitGroup
	conns   sync.WaitGroup
}

var _ http.Handler = (*Server)(nil)

// New makes a server, with what is in cfg.Dir. Close it after use.
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

// resume keeps the clock from giving out a moment that is older than one that is kept.
func (s *Server) resume(a *account) {
	s.clock.passed(a.Created)
	for _, c := range a.containers.items {
		s.clock.passed(c.Modified)
		for _, o := range c.objects.items {
			s.clock.passed(o.Modified)
		}
	}
}

// Listen serves on the loopback interface, at a port of its own, until Close. Whoever serves it by
// other means need not call it.
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ConnState: s.countConn}
	s.serving.Go(func() { _ = s.http.Serve(l) }) // it always ends in ErrServerClosed
	return nil
}

// countConn keeps track of connections, because closing an [http.Server] does not wait for what
// their requests are doing.
func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked: // the latter by a fault that cuts it
		s.conns.Done()
	}
}

// URL is where Listen serves, without a slash at its end.
func (s *Server) URL() string { return s.url }

// AuthURL is where to log in by auth 1.0, after Listen.
func (s *Server) AuthURL() string { return s.url + "/auth/v1.0" }

// KeystoneURL is where to log in by Keystone v3, after Listen.
func (s *Server) KeystoneURL() string { return s.url + "/v3" }

// Close ends what stalls, cuts the connections that Listen took, waits for their requests, and lets
// go of the directory. Whoever serves the server by other means ends that first.
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
