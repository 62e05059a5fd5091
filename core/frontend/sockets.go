package frontend

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

// Sockets are open sockets that another server may take over instead of opening the same address,
// so that no client is refused while one server replaces another. The nil Sockets are empty.
type Sockets struct {
	mu  sync.Mutex
	all []*socket
}

// socket is one offered socket.
type socket struct {
	addr  string // as it was asked for
	l     net.Listener
	taken bool
}

// pausable is a listener whose Accept can be interrupted without closing it.
type pausable interface{ SetDeadline(t time.Time) error }

// Add offers a socket that was opened for an address, or for whatever it listens on where addr is
// empty. A listener that cannot be taken over is not offered.
func (s *Sockets) Add(addr string, l net.Listener) {
	if _, ok := l.(pausable); !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, &socket{addr: addr, l: l})
}

// AddAll offers what others do.
func (s *Sockets) AddAll(others *Sockets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, others.all...)
}

// SocketFile is a copy of a socket, to be given to another process.
type SocketFile struct {
	Addr string // as it was asked for
	*os.File
}

// Copies returns copies of the sockets that are offered, which the caller closes. An error closes
// them.
func (s *Sockets) Copies() (all []SocketFile, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.all {
		f, err := copyOf(o.l)
		if err != nil {
			for _, made := range all {
				made.Close()
			}
			return nil, fmt.Errorf("the socket at %s cannot be handed over: %w", o.l.Addr(), err)
		}
		all = append(all, SocketFile{o.addr, f})
	}
	return all, nil
}

func copyOf(l net.Listener) (*os.File, error) {
	f, ok := l.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return f.File()
}

// Take returns a socket for an address, or nil where none is offered.
func (s *Sockets) Take(addr string) net.Listener {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.all {
		if !o.taken && (o.addr == addr && addr != "" || sameAddress(addr, o.l.Addr())) {
			o.taken = true
			return o.l
		}
	}
	return nil
}

// giveBack offers a socket again that was taken.
func (s *Sockets) giveBack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.all {
		if o.l == l {
			o.taken = false
		}
	}
}

// CloseRest closes the sockets that were not taken over, and returns them.
func (s *Sockets) CloseRest() (closed []net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.all {
		if !o.taken {
			o.l.Close()
			closed = append(closed, o.l)
		}
	}
	return closed
}

// isTaken reports whether a socket was taken over.
func (s *Sockets) isTaken(l net.Listener) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.all {
		if o.l == l {
			return o.taken
		}
	}
	return false
}

// sameAddress reports whether a socket listens where an address of the configuration says.
func sameAddress(addr string, at net.Addr) bool {
	t, ok := at.(*net.TCPAddr)
	host, port, err := net.SplitHostPort(addr)
	if !ok || err != nil {
		return false
	}
	if n, err := strconv.Atoi(port); err != nil || n == 0 || n != t.Port {
		return false
	}
	if host == "" {
		return t.IP.IsUnspecified() && t.IP.To4() == nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap() == AddrPort(t).Addr()
}
