package ssh

import (
	"context"
	"errors"
	"fmt"
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
	keepalive      time.Duration

	ctx context.Context // the server's life: the parent of those of connections
	cut context.CancelFunc

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]struct{}
	startups  int // connections that are not logged in yet
	closing   bool
	wg        sync.WaitGroup // of connections
}

var _ frontend.Server = (*Server)(nil)

func newServer(env frontend.Env, addrs []string) *Server {
	s := &Server{env: env, log: env.Log, addrs: addrs, conns: map[*conn]struct{}{}}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

// Listen implements [frontend.Server]. It opens all of the addresses or none.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, addr := range s.addrs {
		l, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", addr)
		if err != nil {
			s.closeListeners()
			return fmt.Errorf("ssh %s: %w", s.env.Name, err)
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
		s.mu.Lock()
		closing := s.closing
		s.mu.Unlock()
		if closing {
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("ssh %s: %w", s.env.Name, err)
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
	case len(s.conns) >= s.maxConnections, s.startups >= s.maxStartups:
		return tooMany, tooMany
	}
	through, err := s.env.Connect(addrPort(c.net.RemoteAddr()).Addr())
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
	if !c.in {
		s.startups--
	}
}

// admit counts a client as logged in. It reports false when the server is shutting down.
func (s *Server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
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
	s.closeListeners()
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
