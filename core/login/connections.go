package login

import (
	"context"
	"errors"
	"net/netip"
	"sync"
)

// Why a connection is refused that has not even asked to log in.
var (
	errBanned         = errors.New("too many failed logins")
	errTooManyPending = errors.New("too many connections of this address that have not logged in")
)

// startups counts the connections that have not logged in, of each address and of all frontends together.
type startups struct {
	limit    int // of one address; 0: none
	failures *bans

	mu      sync.Mutex
	pending map[netip.Prefix]int
}

func newStartups(limit int, f *bans) *startups {
	return &startups{limit: limit, failures: f, pending: map[netip.Prefix]int{}}
}

func (s *startups) connect(remote netip.Addr) (through func(), err error) {
	if s.failures.bannedHere(context.Background(), remote) {
		return nil, errBanned
	}
	if s.limit == 0 || !remote.IsValid() || s.failures.exempt(remote) {
		return func() {}, nil
	}
	p := network(remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending[p] >= s.limit {
		return nil, errTooManyPending
	}
	s.pending[p]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.pending[p]--; s.pending[p] == 0 {
			delete(s.pending, p)
		}
	}), nil
}
