package frontend

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// Conn is the connection of one client. Its addresses are the client's address and the address that
// the client connected to, even if a proxy is in between.
type Conn struct {
	net.Conn
	ID     string         // of the client's session, in the log and to authenticators
	Remote netip.AddrPort // the client
	Local  netip.AddrPort // where it has connected to
	Log    *slog.Logger

	clients *Clients
	client  Client
	visit   Visit
	began   time.Time

	// Under clients.mu.
	in      bool   // logged in
	dropped bool   // hung up on before that, and not counted any more
	ending  Ending // how it ended, if it has not logged in
}

// NewSessionID returns an unpredictable name for a session.
func NewSessionID() string { return strings.ToLower(rand.Text()[:12]) }

// AddrPort returns a TCP address in canonical form: IPv4 addresses are never written as IPv6. It
// returns the zero value for other addresses.
func AddrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// RemoteAddr implements [net.Conn].
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.Remote) }

// LocalAddr implements [net.Conn].
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.Local) }

// Socket returns the local address of the connection, which a proxy may have connected to.
func (c *Conn) Socket() netip.AddrPort { return AddrPort(c.Conn.LocalAddr()) }

// SyscallConn implements [syscall.Conn].
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return sc.SyscallConn()
}

// LoggedIn counts the client as logged in. It returns false if the server is shutting down or has
// given the client's place to another client; then the session must not start.
func (c *Conn) LoggedIn() bool {
	s := c.clients
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.in:
		return !s.closing
	case s.closing || c.dropped:
		return false
	}
	c.in = true
	s.startups--
	c.visit.LoggedIn()
	return true
}

// Ends sets how the connection of a client without a login ends. The first value other than
// [EndedFine] counts.
func (c *Conn) Ends(how Ending) {
	c.clients.mu.Lock()
	defer c.clients.mu.Unlock()
	if c.ending == EndedFine {
		c.ending = how
	}
}

// IsClosing reports whether the server is shutting down.
func (c *Conn) IsClosing() bool {
	c.clients.mu.Lock()
	defer c.clients.mu.Unlock()
	return c.clients.closing
}
