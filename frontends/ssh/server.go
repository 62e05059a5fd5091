package ssh

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/frontend"
)

// Server is a frontend "ssh" that is running.
type Server struct {
	env            frontend.Env
	log            *slog.Logger
	addrs          []string
	services       []Service
	ssh            ssh.ServerConfig // copied for each connection
	anyCipher      bool             // offer what suits the client
	maxConnections int
	maxStartups    int
	loginTimeout   time.Duration
	keepalive      time.Duration // 0: none
	idleTimeout    time.Duration // 0: none

	ctx context.Context // the server's life: the parent of those of connections
	cut context.CancelFunc

	sockets *frontend.Listeners

	mu       sync.Mutex
	conns    map[*conn]struct{}
	startups int // connections that are not logged in yet
	closing  bool
	wg       sync.WaitGroup // of connections
}

var _ frontend.Server = (*Server)(nil)

func newServer(env frontend.Env, addrs []string) *Server {
	s := &Server{env: env, log: env.Log, addrs: addrs, sockets: frontend.NewListeners("ssh "+env.Name, env.Log), conns: map[*conn]struct{}{}}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

// Listen implements [frontend.Server].
func (s *Server) Listen() error { return s.sockets.Listen(s.ctx, s.addrs) }

// Addrs implements [frontend.Server].
func (s *Server) Addrs() []net.Addr { return s.sockets.Addrs() }

// Serve implements [frontend.Server].
func (s *Server) Serve() error { return s.sockets.Serve(s.start) }

// start serves a client in the background, unless there are too many of them.
func (s *Server) start(nc net.Conn) {
	c := newConn(s, nc)
	full, reason := s.take(c)
	if full != "" {
		s.log.Warn("connection refused", "remote", nc.RemoteAddr().String(), "reason", reason)
		nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write([]byte(full + "\r\n")) // before the identification any line may come: RFC 4253, section 4.2
		nc.Close()
		return
	}
	go func() {
		defer s.wg.Done()
		defer s.forget(c)
		c.serve(s.ctx)
	}()
}

// take counts a connection, or says why not: to the client and to the operator.
func (s *Server) take(c *conn) (full, reason string) {
	const tooMany = "Too many connections, try again later."
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		full = "The server is shutting down."
		return full, full
	case len(s.conns) >= s.maxConnections:
		return tooMany, tooMany
	case !s.room(c):
		return tooMany, "too many clients are logging in"
	}
	through, err := s.env.Connect(c.remote)
	if err != nil {
		return tooMany, err.Error()
	}
	c.through = through
	s.conns[c] = struct{}{}
	s.startups++
	s.wg.Add(1)
	return "", ""
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	c.through()
	if !c.in && !c.dropped {
		s.startups--
	}
}

// admit counts a client as logged in. It reports false when the server is shutting down.
func (s *Server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || c.dropped {
		return false
	}
	c.in = true
	c.through()
	s.startups--
	return true
}

// Shutdown implements [frontend.Server].
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.sockets.Close()
	for c := range s.conns {
		if !c.in {
			c.net.Close()
		}
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
	s.mu.Lock()
	for c := range s.conns {
		c.net.Close()
	}
	s.mu.Unlock()
	s.cut()
	<-done
	return ctx.Err()
}
