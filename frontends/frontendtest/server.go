package frontendtest

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
)

// The login that a server of this package lets in.
const (
	User     = "alice"
	Password = "wonder land" // with a space, since clients and servers have stumbled over it
)

// Options say what a server is started with. Only FS is needed.
type Options struct {
	FS          vfs.FS
	Home        string
	Permissions []auth.Permission
	// Login, when set, answers logins in place of the one user.
	Login   func(context.Context, auth.Request) (auth.Response, error)
	Methods []auth.Method // that the authenticators have; default: those of SSH and FTP that need no certificate
	// Connect, when set, says whether a client may connect. Through is called once, when it has
	// logged in or has gone.
	Connect func(netip.Addr) (through func(), err error)
	Log     *slog.Logger // default: the test's output
}

// Server is a frontend that is being tested.
type Server struct {
	frontend.Server
	Addr string // host:port of its first listener

	opts    Options
	log     *slog.Logger
	ctx     context.Context
	mu      sync.Mutex
	all     []*session.Session
	events  []session.Event
	wrong   []auth.Request
	endings []frontend.Ending
	n       int
}

// Start configures a frontend, opens it and serves until the test ends; the test fails when it does
// not shut down cleanly.
func Start(t *testing.T, cfg frontend.Config, opts Options) *Server {
	t.Helper()
	s := &Server{opts: opts, ctx: t.Context(), log: opts.Log}
	if s.log == nil {
		s.log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg.Validate(func(attribute, summary, detail string) { t.Errorf("%s: %s: %s", attribute, summary, detail) })
	srv, err := cfg.New(frontend.Env{Name: t.Name(), Version: "test", Log: s.log, Connect: s.connect, Methods: s.methods, Login: s.login, Unproved: s.unproved, Listens: s.listens})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = srv
	if err := srv.Listen(); err != nil {
		t.Fatal(err)
	}
	s.Addr = srv.Addrs()[0].String()
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	t.Cleanup(func() {
		// Sessions end first: Shutdown leaves to them when their connections end.
		for _, sess := range s.Sessions() {
			sess.End(context.Canceled)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v: a connection did not end although its session had", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve returned %v after Shutdown, want nil", err)
		}
	})
	return s
}

// Sessions returns the sessions that have begun, oldest first, ended ones included.
func (s *Server) Sessions() []*session.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*session.Session(nil), s.all...)
}

// Events returns the operations of all sessions that have ended.
func (s *Server) Events() []session.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]session.Event(nil), s.events...)
}

// Observe implements session.Observer.
func (s *Server) Observe(e session.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *Server) connect(remote netip.Addr) (frontend.Visit, error) {
	if s.opts.Connect == nil {
		return visit{s, func() {}}, nil
	}
	through, err := s.opts.Connect(remote)
	if err != nil {
		return nil, err
	}
	return visit{s, sync.OnceFunc(through)}, nil
}

// visit is a connection to a server that is being tested.
type visit struct {
	srv     *Server
	through func()
}

// Known implements [frontend.Visit].
func (v visit) Known() bool { return false }

// Check implements [frontend.Visit].
func (v visit) Check(context.Context) error { return nil }

// LoggedIn implements [frontend.Visit].
func (v visit) LoggedIn() { v.through() }

// Ended implements [frontend.Visit].
func (v visit) Ended(how frontend.Ending) {
	v.through()
	v.srv.mu.Lock()
	defer v.srv.mu.Unlock()
	v.srv.endings = append(v.srv.endings, how)
}

// Endings returns how the connections have ended so far, in that order.
func (s *Server) Endings() []frontend.Ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]frontend.Ending(nil), s.endings...)
}

// Unproved returns the proofs that the frontend has found to be none.
func (s *Server) Unproved() []auth.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]auth.Request(nil), s.wrong...)
}

func (s *Server) unproved(_ context.Context, req auth.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, req)
}

func (s *Server) listens(port uint16) bool {
	return slices.ContainsFunc(s.Addrs(), func(a net.Addr) bool { return frontend.AddrPort(a).Port() == port })
}

func (s *Server) methods() []auth.Method {
	if s.opts.Methods == nil {
		return []auth.Method{auth.Password, auth.PublicKey, auth.Interactive}
	}
	return s.opts.Methods
}

func (s *Server) login(ctx context.Context, req auth.Request) (*session.Session, *auth.Step, error) {
	resp, err := s.authenticate(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case resp.Identity == nil:
		return nil, resp.Next, nil
	case req.Asks():
		return nil, nil, nil
	}
	s.mu.Lock()
	s.n++
	id := cmp.Or(req.SessionID, fmt.Sprintf("s%d", s.n))
	s.mu.Unlock()
	// The session outlives the call, as in the gateway: it ends with the test.
	sess, err := session.New(context.WithoutCancel(s.ctx), session.Config{
		ID: id, Service: req.Service, Remote: req.Remote, Identity: *resp.Identity,
		FS: s.opts.FS, Log: s.log, Observer: s,
	})
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	s.all = append(s.all, sess)
	s.mu.Unlock()
	return sess, nil, nil
}

func (s *Server) authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	switch {
	case s.opts.Login != nil:
		return s.opts.Login(ctx, req)
	case req.Method != auth.Password:
		return auth.Response{}, auth.ErrMethod
	case req.User != User:
		return auth.Response{}, auth.ErrUnknownUser
	case subtle.ConstantTimeCompare([]byte(req.Password.Reveal()), []byte(Password)) == 0:
		return auth.Response{}, auth.ErrDenied
	}
	return auth.Response{Identity: &auth.Identity{User: req.User, Home: s.opts.Home, Permissions: s.opts.Permissions}}, nil
}
