package ftp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/frontend"
)

// Server is a frontend "ftp" that is running.
type Server struct {
	env        frontend.Env
	log        *slog.Logger
	cfg        Config
	tls        *tls.Config    // always the same one, so that data connections resume the control connection's session; nil: no TLS
	activeDeny []netip.Prefix // networks that active mode does not connect to
	foreign    []netip.Prefix // networks that data connections may lead to, beside the client's address
	dataPorts  portRange
	public     publicHosts

	ctx context.Context // the server's life: the parent of those of connections
	cut context.CancelFunc

	sockets *frontend.Listeners

	startups atomic.Int64 // clients that have not logged in

	mu      sync.Mutex
	clients map[*client]struct{}
	closing bool
	wg      sync.WaitGroup // of clients
}

var _ frontend.Server = (*Server)(nil)

func newServer(env frontend.Env, cfg Config) *Server {
	s := &Server{env: env, log: env.Log, cfg: cfg, sockets: frontend.NewListeners("ftp "+env.Name, env.Log), clients: map[*client]struct{}{}}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

// Listen implements [frontend.Server].
func (s *Server) Listen() error { return s.sockets.Listen(s.ctx, s.cfg.Listen) }

// Addrs implements [frontend.Server].
func (s *Server) Addrs() []net.Addr { return s.sockets.Addrs() }

// Serve implements [frontend.Server].
func (s *Server) Serve() error { return s.sockets.Serve(s.start) }

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// start serves a client in the background, unless there are too many of them.
func (s *Server) start(nc net.Conn) {
	c := newClient(s, nc)
	full, reason := s.take(c)
	if full != nil {
		c.cancel()
		s.log.Warn("connection refused", "remote", nc.RemoteAddr().String(), "reason", reason)
		if s.cfg.TLS.Mode != implicit {
			nc.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = nc.Write([]byte(full.line() + "\r\n")) // it is a courtesy
		}
		nc.Close()
		return
	}
	go func() {
		defer s.wg.Done()
		defer s.forget(c)
		c.serve()
	}()
}

// take counts a connection, or says why not: to the client and to the operator.
func (s *Server) take(c *client) (full *reply, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errShuttingDown, errShuttingDown.text
	case len(s.clients) >= s.cfg.MaxConnections:
		return errTooMany, errTooMany.text
	case s.startups.Load() >= int64(s.cfg.MaxStartups): // others only make it less
		return errTooMany, "too many clients that have not logged in"
	}
	through, err := s.env.Connect(addrPort(c.control.RemoteAddr()).Addr())
	if err != nil {
		return errTooMany, err.Error()
	}
	s.startups.Add(1)
	c.through = sync.OnceFunc(func() {
		s.startups.Add(-1)
		through()
	})
	s.clients[c] = struct{}{}
	s.wg.Add(1)
	return nil, ""
}

func (s *Server) forget(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
	c.through()
}

// Shutdown implements [frontend.Server].
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.sockets.Close()
	for c := range s.clients {
		c.endUnlessLoggedIn()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		s.cut()
		return nil
	case <-ctx.Done():
	}
	s.cut()
	s.mu.Lock()
	for c := range s.clients {
		c.cut()
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}
