// Package memcached implements a cache in memcached servers, which several gateways share.
//
// Memcached does not authenticate its clients, so its servers are not trusted. A memcached key is a
// keyed hash of the cache key. A value is encrypted and bound to its cache key. An attacker who
// reads or writes a server, or the network, learns no names and no contents, cannot forge a value,
// and cannot present the value of one key under another. The attacker can drop values, and can
// replay an old value until it expires; the time of expiry is inside the encryption. A user of the
// cache who needs more must put a mark of freshness into the value.
//
// A server that is slow or down costs a short timeout. After several failures it is not asked for a
// while. Its keys do not move to another server: two gateways that disagree about which servers are
// up would then hold two truths.
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
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"filegate/core/cache"
)

// Cache implements [cache.Cache] with memcached servers.
type Cache struct {
	seal    *seal
	servers []*server
	now     func() time.Time

	hits, misses atomic.Int64
}

var (
	_ cache.BatchCache   = (*Cache)(nil)
	_ cache.CountedCache = (*Cache)(nil)
	_ cache.KeyDeriver   = (*Cache)(nil)
)

const (
	// maxValue is the size of values that memcached takes, in bytes, unless told otherwise; less
	// some for what it keeps beside them.
	maxValue = 1<<20 - 4096
	// maxLife is the longest life of a value: a larger number means another thing to memcached.
	maxLife = 30 * 24 * time.Hour
	// updateTries is how often an update is tried when others change the same value.
	updateTries = 50
	// batchSize is how many values are asked for in one request.
	batchSize = 500
)

// Get implements [cache.Cache].
func (c *Cache) Get(ctx context.Context, key cache.Key) ([]byte, bool) {
	_, value, _ := c.current(ctx, c.server(c.seal.hash(key)), key)
	c.count(value)
	return value, value != nil
}

// GetBatch implements [cache.BatchCache].
func (c *Cache) GetBatch(ctx context.Context, keys []cache.Key) [][]byte {
	type place struct {
		hash string
		at   []int // in keys
	}
	wanted := map[*server]map[string][]int{}
	for i, key := range keys {
		hash := c.seal.hash(key)
		s := c.server(hash)
		if wanted[s] == nil {
			wanted[s] = map[string][]int{}
		}
		wanted[s][hash] = append(wanted[s][hash], i)
	}
	values := make([][]byte, len(keys))
	var wg sync.WaitGroup
	for s, byHash := range wanted {
		wg.Go(func() {
			var all []place
			for hash, at := range byHash {
				all = append(all, place{hash, at})
			}
			for len(all) > 0 {
				some := all[:min(len(all), batchSize)]
				all = all[len(some):]
				hashes := make([]string, len(some))
				for i, p := range some {
					hashes[i] = p.hash
				}
				var items map[string]*memcache.Item
				err := s.do(ctx, func(client *memcache.Client) (err error) {
					items, err = client.GetMulti(hashes)
					return err
				})
				if err != nil {
					return
				}
				for _, p := range some {
					if item := items[p.hash]; item != nil {
						for _, i := range p.at {
							values[i] = c.seal.open(keys[i], item.Value, c.now())
						}
					}
				}
			}
		})
	}
	wg.Wait()
	c.count(values...)
	return values
}

// count counts values that were asked for.
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
		s.Failures += server.failedInAll.Load()
	}
	return s
}

// Set implements [cache.Cache].
func (c *Cache) Set(ctx context.Context, key cache.Key, value []byte, life time.Duration) {
	item := c.item(key, value, life)
	if item == nil {
		c.Delete(ctx, key)
		return
	}
	_ = c.server(item.Key).do(ctx, func(client *memcache.Client) error { return client.Set(item) }) // it is a cache
}

// item is a value as memcached keeps it, or nil for one that it cannot keep.
func (c *Cache) item(key cache.Key, value []byte, life time.Duration) *memcache.Item {
	life = min(life, maxLife)
	if life <= 0 || len(value) > maxValue {
		return nil
	}
	seconds := int32((life + time.Second - 1) / time.Second) // 0 would be for ever
	return &memcache.Item{Key: c.seal.hash(key), Value: c.seal.close(key, value, c.now().Add(life)), Expiration: seconds}
}

// Update implements [cache.Cache].
func (c *Cache) Update(ctx context.Context, key cache.Key, life time.Duration, change func(old []byte) []byte) bool {
	s := c.server(c.seal.hash(key))
	for range updateTries {
		old, value, ok := c.current(ctx, s, key)
		if !ok {
			return false
		}
		result := change(value)
		var item *memcache.Item
		if result != nil {
			item = c.item(key, result, life)
		}
		switch {
		case item == nil && old == nil:
			return result == nil || life <= 0
		case item == nil: // whoever changes it meanwhile has changed what is to go
			item = &memcache.Item{Key: old.Key, Expiration: expired}
		}
		err := s.do(ctx, func(client *memcache.Client) error {
			if old == nil {
				return client.Add(item)
			}
			item.CasID = old.CasID
			return client.CompareAndSwap(item)
		})
		switch {
		case err == nil:
			return item.Expiration != expired || result == nil || life <= 0
		case !refused(err):
			return false
		}
	}
	return false
}

// current returns what a server has under a key, nil for nothing, and the value in it, nil for none
// that can be used.
func (c *Cache) current(ctx context.Context, s *server, key cache.Key) (item *memcache.Item, value []byte, ok bool) {
	hash := c.seal.hash(key)
	err := s.do(ctx, func(client *memcache.Client) (err error) {
		item, err = client.Get(hash)
		return err
	})
	switch {
	case errors.Is(err, memcache.ErrCacheMiss):
		return nil, nil, true
	case err != nil || item.Key != hash:
		return nil, nil, false
	}
	return item, c.seal.open(key, item.Value, c.now()), true
}

// expired is the life of a value that is gone at once: how a value is deleted that must not have
// changed.
const expired = -1

// Delete implements [cache.Cache].
func (c *Cache) Delete(ctx context.Context, key cache.Key) {
	hash := c.seal.hash(key)
	_ = c.server(hash).do(ctx, func(client *memcache.Client) error { return client.Delete(hash) }) // it is a cache
}

// DeriveKey implements [cache.KeyDeriver].
func (c *Cache) DeriveKey(purpose string) []byte {
	key, err := derive(c.seal.secret, "derived "+purpose)
	if err != nil {
		return nil // never: the length is one that the hash can make
	}
	return key
}

// Close ends the connections.
func (c *Cache) Close() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.client.Close())
	}
	return errors.Join(errs...)
}

// server returns who keeps a key: of all servers the one with the highest hash of both, so that all
// gateways agree, in whatever order they name the servers, and a server more or less moves only its
// own share.
func (c *Cache) server(hash string) *server {
	var best *server
	var most uint64
	for _, s := range c.servers {
		h := fnv.New64a()
		_, _ = h.Write([]byte(s.addr.name + " " + hash)) // never fails
		if sum := h.Sum64(); best == nil || sum > most {
			best, most = s, sum
		}
	}
	return best
}
