package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"filegate/core/frontend"
)

// Server is a frontend "ftp" that is running.
type Server struct {
	env    frontend.Env
	log    *slog.Logger
	cfg    Config
	tls    *tls.Config // always the same one, so that data connections resume the control connection's session; nil: no TLS
	public *publicHost // nil: the address that the client has connected to

	ctx context.Context // the server's life: the parent of those of connections
	cut context.CancelFunc

	mu        sync.Mutex
	listeners []net.Listener
	clients   map[*client]struct{}
	closing   bool
	wg        sync.WaitGroup // of clients
}

var _ frontend.Server = (*Server)(nil)

func newServer(env frontend.Env, cfg Config) *Server {
	s := &Server{env: env, log: env.Log, cfg: cfg, clients: map[*client]struct{}{}}
	if cfg.Passive.PublicHost != "" {
		s.public = &publicHost{host: cfg.Passive.PublicHost}
	}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

// Listen implements [frontend.Server]. It opens all of the addresses or none.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, addr := range s.cfg.Listen {
		l, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", addr)
		if err != nil {
			s.closeListeners()
			return fmt.Errorf("ftp %s: %w", s.env.Name, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return nil
}

// closeListeners is called with mu held.
func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		l.Close()
	}
	s.listeners = nil
}

// Addrs implements [frontend.Server].
func (s *Server) Addrs() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	addrs := make([]net.Addr, len(s.listeners))
	for i, l := range s.listeners {
		addrs[i] = l.Addr()
	}
	return addrs
}

// Serve implements [frontend.Server]. When one listener fails for good, the others are closed too, and the error is returned.
func (s *Server) Serve() error {
	s.mu.Lock()
	listeners := s.listeners
	s.mu.Unlock()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for _, l := range listeners {
		wg.Go(func() {
			if err := s.accept(l); err != nil {
				once.Do(func() { first = err })
				s.mu.Lock()
				defer s.mu.Unlock()
				s.closeListeners()
			}
		})
	}
	wg.Wait()
	return first
}

// accept serves the clients of one listener until Shutdown, and then returns nil.
func (s *Server) accept(l net.Listener) error {
	var pause time.Duration
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 0
			s.start(c)
			continue
		}
		if s.isClosing() {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("ftp %s: %w", s.env.Name, err)
		}
		// Out of file descriptors, most likely: it passes when clients leave.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.log.Warn("cannot accept connections", "err", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
		}
	}
}

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
	}
	through, err := s.env.Connect(addrPort(c.control.RemoteAddr()).Addr())
	if err != nil {
		return errTooMany, err.Error()
	}
	c.through = through
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
	s.closeListeners()
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
