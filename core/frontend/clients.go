package frontend

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Protocol implements the protocol of a server for its clients.
type Protocol interface {
	// Client creates the client of a connection. It neither reads nor writes before Serve.
	Client(c *Conn) Client
	// Refuse returns the text that a refused client gets, in the protocol's form, or nil. The
	// client has sent nothing yet, or its data was not read.
	Refuse(r *Refusal) []byte
}

// Client is one client of a protocol.
type Client interface {
	// Serve serves the client. It returns when the connection has ended and everything that was
	// started for it has stopped.
	Serve(ctx context.Context)
	// Dismiss ends the connection of a client that has not logged in, gracefully, when the server
	// shuts down.
	Dismiss()
	// Cut ends the connection immediately.
	Cut()
}

// ClientsConfig has the limits on the clients of a server.
type ClientsConfig struct {
	Listen         []string
	MaxConnections int // clients at a time
	MaxStartups    int // of them, those that have not logged in
	Proxy          *ProxyProtocol
}

// Clients manages the connections of one server: it accepts, counts, refuses, serves and ends them.
// It implements the methods of [Server] for any protocol.
type Clients struct {
	env      Env
	log      *slog.Logger
	cfg      ClientsConfig
	protocol Protocol
	sockets  *Listeners
	refusals *refusals
	trusted  []netip.Prefix // of which PROXY headers are wanted

	older *Clients // the server in whose place this one has come, while it has clients; guarded by mu

	ctx context.Context // the server's life: the parent of those of connections
	cut context.CancelFunc

	mu       sync.Mutex
	open     map[*Conn]struct{}
	startups int                   // of them, those that have neither logged in nor been dropped
	arriving map[net.Conn]struct{} // connections that are not clients yet, or will be none
	closing  bool
	wg       sync.WaitGroup // of connections
}

var _ Server = (*Clients)(nil)

// NewClients returns the Clients of a server. what names the server in errors, such as "ssh
// public".
func NewClients(what string, env Env, cfg ClientsConfig, p Protocol) *Clients {
	s := &Clients{
		env: env, log: env.Log, cfg: cfg, protocol: p, sockets: NewListeners(what, env.Log), refusals: newRefusals(env.Log),
		open: map[*Conn]struct{}{}, arriving: map[net.Conn]struct{}{}, trusted: cfg.Proxy.networks(),
	}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

func (s *Clients) newConn(nc net.Conn, remote, local netip.AddrPort) *Conn {
	id := NewSessionID()
	return &Conn{Conn: nc, ID: id, Remote: remote, Local: local, Log: s.log.With("session", id, "remote", remote), clients: s, began: time.Now()}
}

// Listen implements [Server].
func (s *Clients) Listen() error { return s.sockets.Listen(s.ctx, s.cfg.Listen) }

// Offer implements [Server].
func (s *Clients) Offer() *Sockets { return s.sockets.Offer() }

// ListenAfter implements [Server].
func (s *Clients) ListenAfter(offered *Sockets, older Server) error {
	if err := s.sockets.ListenAfter(s.ctx, s.cfg.Listen, offered); err != nil {
		return err
	}
	if o, ok := older.(interface{ clients() *Clients }); ok {
		s.older = o.clients()
	}
	return nil
}

// clients is for servers that are made of it.
func (s *Clients) clients() *Clients { return s }

// GiveBack implements [Server].
func (s *Clients) GiveBack(offered *Sockets) { s.sockets.GiveBack(offered) }

// Retire implements [Server].
func (s *Clients) Retire(offered *Sockets) (gone <-chan struct{}) {
	s.sockets.Retire(offered)
	left := make(chan struct{})
	go func() {
		s.wg.Wait()
		s.refusals.flush()
		close(left)
	}()
	return left
}

// connected returns the number of clients, including those of the servers that this server has
// replaced.
func (s *Clients) connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.open)
	if s.older != nil {
		older := s.older.connected()
		if older == 0 {
			s.older = nil
		}
		n += older
	}
	return n
}

// Addrs implements [Server].
func (s *Clients) Addrs() []net.Addr { return s.sockets.Addrs() }

// Serve implements [Server].
func (s *Clients) Serve() error { return s.sockets.Serve(s.start) }

// start handles a new connection. It never blocks, because other connections wait behind it.
func (s *Clients) start(nc net.Conn) {
	remote, local := AddrPort(nc.RemoteAddr()), AddrPort(nc.LocalAddr())
	if !contains(s.trusted, remote.Addr()) {
		s.arrive(s.newConn(nc, remote, local))
		return
	}
	s.aside(nc, func() {
		client, server, err := readProxyHeader(nc)
		switch {
		case err != nil:
			s.log.Warn("connection of a proxy without a PROXY header", "remote", remote, "err", err)
			nc.Close()
		case client.IsValid():
			s.arrive(s.newConn(nc, client, server))
		default: // the proxy itself, which looks whether we live
			s.arrive(s.newConn(nc, remote, local))
		}
	})
}

// maxAside is the maximum number of connections that are not clients yet, in addition to the places
// for clients.
const maxAside = 100

// aside runs f for a connection that is not a client, in the background. f must release what it
// acquires.
func (s *Clients) aside(nc net.Conn, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || len(s.arriving) >= maxAside+s.cfg.MaxStartups {
		nc.Close()
		return
	}
	s.arriving[nc] = struct{}{}
	s.wg.Go(func() {
		f()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.arriving, nc)
	})
}

// arrive serves a client in the background, or refuses it if there are too many clients.
func (s *Clients) arrive(c *Conn) {
	if r := s.take(c); r != nil {
		s.refuse(c, r)
		return
	}
	go func() {
		defer s.wg.Done()
		defer s.forget(c)
		if r := s.welcome(c); r != nil {
			s.refuse(c, r)
			return
		}
		c.client.Serve(s.ctx)
	}()
}

// take counts a connection, or returns why it is refused.
func (s *Clients) take(c *Conn) *Refusal {
	connected := s.connected()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return refusedClosing
	case connected >= s.cfg.MaxConnections || len(s.open) >= s.cfg.MaxConnections:
		return refusedFull
	}
	visit, err := s.env.Connect(c.Remote.Addr())
	if err != nil {
		return asRefusal(err)
	}
	c.visit = visit
	if !s.room(c) {
		visit.Ended(EndedFine)
		return refusedStartups
	}
	s.open[c] = struct{}{}
	s.startups++
	s.wg.Add(1)
	return nil
}

// welcome creates the client of a counted connection, or returns why it is refused.
func (s *Clients) welcome(c *Conn) *Refusal {
	if err := c.visit.Check(s.ctx); err != nil {
		return asRefusal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return refusedClosing
	}
	c.client = s.protocol.Client(c)
	return nil
}

// dismiss ends the connection gracefully. The caller holds clients.mu.
func (c *Conn) dismiss() {
	if c.client == nil {
		c.Conn.Close()
		return
	}
	c.client.Dismiss()
}

// cut ends the connection immediately. The caller holds clients.mu.
func (c *Conn) cut() {
	if c.client == nil {
		c.Conn.Close()
		return
	}
	c.client.Cut()
}

func (s *Clients) forget(c *Conn) {
	s.mu.Lock()
	delete(s.open, c)
	ending := c.ending
	if c.in || c.dropped || s.closing {
		ending = EndedFine
	}
	if !c.in && !c.dropped {
		s.startups--
	}
	s.mu.Unlock()
	c.visit.Ended(ending) // may wait for what gateways share
}

// Shutdown implements [Server].
func (s *Clients) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.sockets.Close()
	for nc := range s.arriving {
		nc.Close()
	}
	for c := range s.open {
		if !c.in {
			c.dismiss()
		}
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		s.refusals.flush()
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
	for c := range s.open {
		c.cut()
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}
