// Package remote implements the cache that gateways share, apart from the protocol of its servers.
// A package such as core/cache/memcached adapts one protocol as a [Store].
//
// The servers are not trusted; see core/cache/seal for what they may learn and do. A user of the
// cache who needs more must put a mark of freshness into the value.
//
// A server that is slow or down costs a short timeout. After several failures it is not asked for a
// while. Its keys do not move to another server: two gateways that disagree about which servers are
// up would then hold two truths.
//
// The tests of the packages that adapt a protocol are also the tests of this package.
package remote

import (
	"context"
	"errors"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/seal"
)

// Store is one server. Its methods return in a short time, whatever the server does. An error means
// that the server does not work, except for [ErrChanged].
type Store interface {
	// Get returns the items that the server has under the names. Names that it does not have are
	// missing in the result.
	Get(ctx context.Context, names []string) (map[string]Item, error)
	// Set stores a box for a life, which is more than zero and at most [MaxLife].
	Set(ctx context.Context, name string, box []byte, life time.Duration) error
	// Replace stores a box as Set does, or deletes the name if box is nil, if the server still has
	// the item old, or still has nothing under the name if old is nil. Otherwise it changes nothing
	// and returns [ErrChanged]. old and box are not both nil.
	Replace(ctx context.Context, name string, old *Item, box []byte, life time.Duration) error
	// Delete deletes a name, which may be missing.
	Delete(ctx context.Context, name string) error
	// Failed is called after each failure. Connections that are kept may be from before it.
	Failed()
	// Close closes the connections.
	Close() error
}

// Item is what a server has under a name.
type Item struct {
	Box []byte
	// Version changes with each change of the item, for servers that have such a number.
	Version uint64
}

// ErrChanged is the error of a Replace whose item has changed.
var ErrChanged = errors.New("the value has changed")

const (
	// MaxLife is the longest life of a value. A larger number has another meaning for memcached.
	MaxLife = 30 * 24 * time.Hour
	// MaxBox is the largest size of a box, in bytes: memcached's limit for an item, unless its
	// operator sets another one.
	MaxBox = 1 << 20
	// maxValue is the largest size of a value, in bytes: memcached's limit counts name and header
	// too.
	maxValue = MaxBox - 4096
	// updateTries is how often an update is tried if others change the same value.
	updateTries = 50
	// batchSize is how many values are requested at once.
	batchSize = 500
)

// Cache implements [cache.Cache] with servers.
type Cache struct {
	seal    *seal.Seal
	servers []*server
	now     func() time.Time

	hits, misses atomic.Int64
}

var (
	_ cache.BatchCache   = (*Cache)(nil)
	_ cache.CountedCache = (*Cache)(nil)
	_ cache.KeyDeriver   = (*Cache)(nil)
)

// Options are the options of a cache.
type Options struct {
	Kind    string   // of the servers, for messages: "memcached"
	Servers []string // all gateways that share the cache name the same, in any order
	Secret  auth.Secret
	Pause   time.Duration // how long a server is not asked after several failures
	Env     cache.Env
	// Open returns the store of a server. It does not wait for the network.
	Open func(server string) (Store, error)
}

// New returns a cache.
func New(o Options) (*Cache, error) {
	if len(o.Servers) == 0 {
		return nil, errors.New("no servers")
	}
	s, err := seal.New(o.Secret)
	if err != nil {
		return nil, err
	}
	c := &Cache{seal: s, now: time.Now}
	for _, name := range o.Servers {
		store, err := o.Open(name)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.servers = append(c.servers, &server{name: name, store: store, log: o.Env.Log.With("server", name), pause: o.Pause})
	}
	return c, nil
}

// Get implements [cache.Cache].
func (c *Cache) Get(ctx context.Context, key cache.Key) ([]byte, bool) {
	_, value, _ := c.current(ctx, c.seal.Name(key), key)
	c.count(value)
	return value, value != nil
}

// GetBatch implements [cache.BatchCache].
func (c *Cache) GetBatch(ctx context.Context, keys []cache.Key) [][]byte {
	wanted := map[*server]map[string][]int{} // indices in keys by name
	for i, key := range keys {
		name := c.seal.Name(key)
		s := c.server(name)
		if wanted[s] == nil {
			wanted[s] = map[string][]int{}
		}
		wanted[s][name] = append(wanted[s][name], i)
	}
	values := make([][]byte, len(keys))
	var wg sync.WaitGroup
	for s, byName := range wanted {
		wg.Go(func() {
			names := make([]string, 0, len(byName))
			for name := range byName {
				names = append(names, name)
			}
			for len(names) > 0 {
				some := names[:min(len(names), batchSize)]
				names = names[len(some):]
				items, err := s.get(ctx, some)
				if err != nil {
					return
				}
				for _, name := range some {
					item, ok := items[name]
					if !ok {
						continue
					}
					for _, i := range byName[name] {
						values[i] = c.seal.Open(keys[i], item.Box, c.now())
					}
				}
			}
		})
	}
	wg.Wait()
	c.count(values...)
	return values
}

// count counts values that were requested.
func (c *Cache) count(values ...[]byte) {
	for _, v := range values {
		if v != nil {
			c.hits.Add(1)
		} else {
			c.misses.Add(1)
		}
	}
}

// Stats implements [cache.CountedCache].
func (c *Cache) Stats() cache.Stats {
	s := cache.Stats{Hits: c.hits.Load(), Misses: c.misses.Load()}
	for _, server := range c.servers {
		s.Failures += server.failures.Load()
	}
	return s
}

// Set implements [cache.Cache].
func (c *Cache) Set(ctx context.Context, key cache.Key, value []byte, life time.Duration) {
	if life <= 0 || len(value) > maxValue {
		c.Delete(ctx, key)
		return
	}
	name := c.seal.Name(key)
	life = min(life, MaxLife)
	_ = c.server(name).do(ctx, func(store Store) error { // an error means that nothing is cached
		return store.Set(ctx, name, c.close(key, value, life), life)
	})
}

func (c *Cache) close(key cache.Key, value []byte, life time.Duration) []byte {
	return c.seal.Close(key, value, c.now().Add(life))
}

// Update implements [cache.Cache].
func (c *Cache) Update(ctx context.Context, key cache.Key, life time.Duration, change func(old []byte) []byte) bool {
	name := c.seal.Name(key)
	life = min(life, MaxLife)
	for range updateTries {
		old, value, ok := c.current(ctx, name, key)
		if !ok {
			return false
		}
		result := change(value)
		done := result == nil || life <= 0 || len(result) <= maxValue
		var box []byte
		if result != nil && life > 0 && done {
			box = c.close(key, result, life)
		}
		if box == nil && old == nil {
			return done
		}
		err := c.server(name).do(ctx, func(store Store) error { return store.Replace(ctx, name, old, box, life) })
		switch {
		case err == nil:
			return done
		case !errors.Is(err, ErrChanged):
			return false
		}
	}
	return false
}

// current returns what the server has under the name of a key, nil for nothing, and the value in
// it, nil for none that can be used.
func (c *Cache) current(ctx context.Context, name string, key cache.Key) (item *Item, value []byte, ok bool) {
	items, err := c.server(name).get(ctx, []string{name})
	if err != nil {
		return nil, nil, false
	}
	found, ok := items[name]
	if !ok {
		return nil, nil, true
	}
	return &found, c.seal.Open(key, found.Box, c.now()), true
}

// Delete implements [cache.Cache].
func (c *Cache) Delete(ctx context.Context, key cache.Key) {
	name := c.seal.Name(key)
	_ = c.server(name).do(ctx, func(store Store) error { return store.Delete(ctx, name) }) // as for Set
}

// DeriveKey implements [cache.KeyDeriver].
func (c *Cache) DeriveKey(purpose string) []byte { return c.seal.Derive(purpose) }

// Close closes the connections.
func (c *Cache) Close() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// server returns the server of a name: the one with the highest hash of both names. So all gateways
// agree, in whatever order they list the servers, and one server more or less moves only its own
// share of the names.
func (c *Cache) server(name string) *server {
	var best *server
	var most uint64
	for _, s := range c.servers {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s.name + " " + name)) // never fails
		if sum := h.Sum64(); best == nil || sum > most {
			best, most = s, sum
		}
	}
	return best
}
