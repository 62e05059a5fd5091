// Package memcached implements a cache in memcached servers, which several gateways share.
//
// Memcached does not authenticate its clients, so its servers are not trusted: see core/cache/seal.
// What is the same for all caches on servers is in core/cache/remote.
//
// Memcached itself may evict anything when its memory is full. It evicts by slab class: values of
// about the same size displace each other, whatever their purpose. So a server with too little
// memory forgets bans and the write log as easily as attributes; its "evictions" counter shows
// this. Each gateway also keeps in its own memory what it has seen itself.
//
// The suite is core/cache/cachetest. This package's tests run it against a fake server, and against
// a real memcached if the environment names one. No other package imports bradfitz/gomemcache.
package memcached

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"filegate/core/cache/remote"
)

// store is one memcached.
type store struct{ client *memcache.Client }

var _ remote.Store = (*store)(nil)

// idleConnections is how many connections to a server are kept.
const idleConnections = 16

func newStore(name string, timeout time.Duration) *store {
	client := memcache.NewFromSelector(selector{addr{remote.Network(name), name}})
	client.Timeout = timeout
	client.MaxIdleConns = idleConnections
	client.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: nc, timeout: timeout}, nil
	}
	return &store{client}
}

// Get implements [remote.Store].
func (s *store) Get(_ context.Context, names []string) (map[string]remote.Item, error) {
	found, err := s.client.GetMulti(names)
	if err != nil {
		return nil, err
	}
	items := make(map[string]remote.Item, len(found))
	for name, item := range found {
		items[name] = remote.Item{Box: item.Value, Version: item.CasID}
	}
	return items, nil
}

// Set implements [remote.Store].
func (s *store) Set(_ context.Context, name string, box []byte, life time.Duration) error {
	return s.client.Set(item(name, box, life))
}

// item returns a value for memcached.
func item(name string, box []byte, life time.Duration) *memcache.Item {
	seconds := int32((life + time.Second - 1) / time.Second) // 0 would be for ever
	return &memcache.Item{Key: name, Value: box, Expiration: seconds}
}

// Replace implements [remote.Store].
func (s *store) Replace(_ context.Context, name string, old *remote.Item, box []byte, life time.Duration) error {
	i := item(name, box, life)
	if box == nil {
		i.Expiration = expired
	}
	var err error
	if old == nil {
		err = s.client.Add(i)
	} else {
		i.CasID = old.Version
		err = s.client.CompareAndSwap(i)
	}
	if errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCASConflict) {
		return remote.ErrChanged
	}
	return err
}

// expired is the life of a value that is gone at once. Memcached has no command that deletes a
// value only if it has not changed.
const expired = -1

// Delete implements [remote.Store].
func (s *store) Delete(_ context.Context, name string) error {
	if err := s.client.Delete(name); !errors.Is(err, memcache.ErrCacheMiss) {
		return err
	}
	return nil
}

// Failed implements [remote.Store].
func (s *store) Failed() { _ = s.client.Close() } // only idle connections; new ones follow

// Close implements [remote.Store].
func (s *store) Close() error { return s.client.Close() }

// addr is a server's address as it was configured. The name in it is looked up with each
// connection, and never at the start.
type addr struct{ network, name string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.name }

// selector leads everything to one server.
type selector struct{ addr net.Addr }

func (s selector) PickServer(string) (net.Addr, error) { return s.addr, nil }
func (s selector) Each(use func(net.Addr) error) error { return use(s.addr) }
