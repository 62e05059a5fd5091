package memcached

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// server is one memcached, with what is known of how it is.
type server struct {
	addr   addr
	client *memcache.Client
	log    *slog.Logger
	pause  time.Duration

	failedInAll atomic.Int64

	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // from when on it is tried again, after too many of them
}

// maxFailures is after how many failures in a row a server is left alone.
const maxFailures = 3

// idleConnections is how many connections to a server are kept.
const idleConnections = 16

func newServer(name string, timeout, pause time.Duration, log *slog.Logger) *server {
	a := addr{"tcp", name}
	if strings.HasPrefix(name, "/") {
		a.network = "unix"
	}
	s := &server{addr: a, client: memcache.NewFromSelector(selector{a}), log: log.With("server", name), pause: pause}
	s.client.Timeout = timeout
	s.client.MaxIdleConns = idleConnections
	s.client.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: nc, timeout: timeout}, nil
	}
	return s
}

var errLeftAlone = errors.New("the server has failed and is left alone")

// do makes one request, if the server is not left alone.
func (s *server) do(ctx context.Context, request func(*memcache.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.mayTry() {
		return errLeftAlone
	}
	err := request(s.client)
	if err == nil || refused(err) {
		s.worked()
	} else {
		s.failed(err)
	}
	return err
}

// refused says whether an error is a server's proper answer.
func refused(err error) bool {
	return errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCASConflict)
}

// mayTry says whether the server can be asked. Of those who come after the pause one is let
// through, to see.
func (s *server) mayTry() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures < maxFailures {
		return true
	}
	now := time.Now()
	if now.Before(s.until) {
		return false
	}
	s.until = now.Add(s.pause)
	return true
}

func (s *server) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures >= maxFailures {
		s.log.Info("memcached is back")
	}
	s.failures = 0
}

func (s *server) failed(err error) {
	_ = s.client.Close() // the connections that were kept are those of before
	s.failedInAll.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	s.until = time.Now().Add(s.pause)
	if s.failures == maxFailures {
		s.log.Warn("memcached does not answer, going on without it", "err", err)
	}
}

// addr is a server's address as it was configured. The name in it is looked up with each
// connection, and never at the start.
type addr struct{ network, name string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.name }

// selector leads everything to one server.
type selector struct{ addr net.Addr }

func (s selector) PickServer(string) (net.Addr, error) { return s.addr, nil }
func (s selector) Each(use func(net.Addr) error) error { return use(s.addr) }
