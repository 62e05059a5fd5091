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

// Listeners are the sockets of one server, for its Listen, Addrs and Serve: opened together, served together, and closed together.
type Listeners struct {
	what string // in errors
	log  *slog.Logger

	mu     sync.Mutex
	open   []net.Listener
	closed chan struct{}
}

// NewListeners returns none yet. What is the server in the words of its errors, such as "ssh public".
func NewListeners(what string, log *slog.Logger) *Listeners {
	return &Listeners{what: what, log: log, closed: make(chan struct{})}
}

// Listen opens all of the addresses or none.
func (l *Listeners) Listen(ctx context.Context, addrs []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, addr := range addrs {
		sock, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			l.closeAll()
			return fmt.Errorf("%s: %w", l.what, err)
		}
		l.open = append(l.open, sock)
	}
	return nil
}

// Addrs returns where they listen.
func (l *Listeners) Addrs() []net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	addrs := make([]net.Addr, len(l.open))
	for i, sock := range l.open {
		addrs[i] = sock.Addr()
	}
	return addrs
}

// Serve calls start for each connection, one at a time for each socket, until Close; then it returns nil. When one socket fails for good, the others
// are closed too, and the error is returned.
func (l *Listeners) Serve(start func(net.Conn)) error {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for _, sock := range open {
		wg.Go(func() {
			if err := l.accept(sock, start); err != nil {
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

// Close closes them. It may be called twice.
func (l *Listeners) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	l.closeAll()
}

// closeAll is called with mu held.
func (l *Listeners) closeAll() {
	for _, sock := range l.open {
		sock.Close()
	}
	l.open = nil
}
