package frontend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Listeners are the sockets of one server. They are opened, served and closed together.
type Listeners struct {
	what string // in errors
	log  *slog.Logger

	mu     sync.Mutex
	open   []listener
	closed chan struct{}
	loops  sync.WaitGroup // of Serve
}

// listener is a socket and the address that it was opened for.
type listener struct {
	net.Listener
	addr string
}

// NewListeners returns Listeners without sockets. what names the server in errors, such as "ssh
// public".
func NewListeners(what string, log *slog.Logger) *Listeners {
	return &Listeners{what: what, log: log, closed: make(chan struct{})}
}

// Listen opens all of the addresses, or none.
func (l *Listeners) Listen(ctx context.Context, addrs []string) error {
	return l.ListenAfter(ctx, addrs, nil)
}

// ListenAfter is Listen, but takes over offered sockets for its addresses. After an error the
// sockets are still offered.
func (l *Listeners) ListenAfter(ctx context.Context, addrs []string, offered *Sockets) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, addr := range addrs {
		if sock := offered.Take(addr); sock != nil {
			l.open = append(l.open, listener{sock, addr})
			continue
		}
		sock, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			l.undo(offered)
			return fmt.Errorf("%s: %w", l.what, err)
		}
		l.open = append(l.open, listener{sock, addr})
	}
	return nil
}

// GiveBack reverts ListenAfter, before Serve: it offers the taken-over sockets again and closes the
// others.
func (l *Listeners) GiveBack(offered *Sockets) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.undo(offered)
}

// undo reverts ListenAfter. The caller holds mu.
func (l *Listeners) undo(offered *Sockets) {
	for _, sock := range l.open {
		if offered.isTaken(sock.Listener) {
			offered.giveBack(sock.Listener)
		} else {
			sock.Close()
		}
	}
	l.open = nil
}

// Offer returns the sockets for another server to take over.
func (l *Listeners) Offer() *Sockets {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := new(Sockets)
	for _, sock := range l.open {
		s.Add(sock.addr, sock.Listener)
	}
	return s
}

// Retire ends Serve, and closes the sockets that were not taken over. After it returns, no more
// connections are accepted here.
func (l *Listeners) Retire(offered *Sockets) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked()
	for _, sock := range l.open {
		if offered.isTaken(sock.Listener) {
			_ = sock.Listener.(pausable).SetDeadline(time.Unix(1, 0)) // wakes accept
		} else {
			sock.Close()
		}
	}
	l.loops.Wait()
	for _, sock := range l.open {
		if offered.isTaken(sock.Listener) {
			_ = sock.Listener.(pausable).SetDeadline(time.Time{})
		}
	}
	l.open = nil
}

// Addrs returns the addresses of the sockets.
func (l *Listeners) Addrs() []net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	addrs := make([]net.Addr, len(l.open))
	for i, sock := range l.open {
		addrs[i] = sock.Addr()
	}
	return addrs
}

// Serve calls start for each connection, one at a time for each socket, until Close; then it
// returns nil. If one socket fails permanently, Serve closes the others and returns the error.
func (l *Listeners) Serve(start func(net.Conn)) error {
	l.mu.Lock()
	open := l.open
	select {
	case <-l.closed:
		open = nil
	default:
	}
	l.loops.Add(len(open))
	l.mu.Unlock()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for _, sock := range open {
		wg.Go(func() {
			err := l.accept(sock, start)
			l.loops.Done()
			if err != nil {
				once.Do(func() { first = err })
				l.mu.Lock()
				defer l.mu.Unlock()
				l.closeAll()
			}
		})
	}
	wg.Wait()
	return first
}

func (l *Listeners) accept(sock net.Listener, start func(net.Conn)) error {
	var pause time.Duration
	for {
		c, err := sock.Accept()
		if err == nil {
			pause = 0
			start(c)
			continue
		}
		select {
		case <-l.closed:
			return nil
		default:
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("%s: %w", l.what, err)
		}
		// Out of file descriptors, most likely: it passes when clients leave.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		l.log.Warn("cannot accept connections", "err", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-l.closed:
		}
	}
}

// endLocked ends Serve. It may be called twice. The caller holds mu.
func (l *Listeners) endLocked() {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
}

// Close closes the sockets. It may be called twice.
func (l *Listeners) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endLocked()
	l.closeAll()
}

// closeAll closes all sockets. The caller holds mu.
func (l *Listeners) closeAll() {
	for _, sock := range l.open {
		sock.Close()
	}
	l.open = nil
}
