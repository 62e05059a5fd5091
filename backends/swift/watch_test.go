package swift

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"filegate/backends/swift/apitest"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// brokenCache is a shared cache as one gateway sees it: it cannot be reached while it is down.
type brokenCache struct {
	cache.Cache
	down atomic.Bool
	keys map[cache.Key]bool // keys that were written
}

func (c *brokenCache) Get(ctx context.Context, key cache.Key) ([]byte, bool) {
	if c.down.Load() {
		return nil, false
	}
	return c.Cache.Get(ctx, key)
}

func (c *brokenCache) Set(ctx context.Context, key cache.Key, value []byte, life time.Duration) {
	if !c.down.Load() {
		c.Cache.Set(ctx, key, value, life)
	}
}

func (c *brokenCache) Update(ctx context.Context, key cache.Key, life time.Duration, change func([]byte) []byte) bool {
	if c.down.Load() {
		return false
	}
	c.keys[key] = true
	return c.Cache.Update(ctx, key, life, change)
}

// TestHeldBesideAnotherGateway prefetches a file for a client, and has another gateway replace it
// before the client opens it, with the shared cache in all states.
func TestHeldBesideAnotherGateway(t *testing.T) {
	t.Parallel()
	const p, before, file = vfs.Path("/c/file"), vfs.Path("/c/a"), vfs.Path("/c/b")
	for _, tt := range []struct {
		name                string
		early, late         func(own, others *brokenCache) // before the client asks, and before the other gateway writes
		replaced, hold, get bool                           // the file is replaced; something is held; opening takes a GET
	}{
		{"nothing happens", nil, nil, false, true, false},
		{"the cache works", nil, nil, true, true, true},
		{"the other gateway does not reach the cache", nil, func(_, others *brokenCache) { others.down.Store(true) }, true, true, true},
		{"this gateway does not reach the cache any more", nil, func(own, _ *brokenCache) { own.down.Store(true) }, true, true, true},
		{"this gateway does not reach the cache", func(own, _ *brokenCache) { own.down.Store(true) }, nil, true, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 100)
			shared := w.shared
			own, others := &brokenCache{Cache: shared, keys: map[cache.Key]bool{}}, &brokenCache{Cache: shared, keys: map[cache.Key]bool{}}
			w.shared = own
			f := w.fake(w.gateway(t))
			w.shared = others
			other := w.fake(w.gateway(t))
			for _, p := range []vfs.Path{before, p, file} {
				f.mustWrite(t, p, apitest.Noise(1000))
			}
			want := apitest.Noise(1000)
			f.mustWrite(t, p, want)
			f.backend.recallFor, f.backend.nearFor = time.Hour, time.Hour
			for _, p := range []vfs.Path{before, file} { // so that the next file is prefetched
				if _, err := f.Stat(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				if _, err := f.read(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			if tt.early != nil {
				tt.early(own, others)
			}
			if !tt.replaced {
				f.backend.heldMost = time.Hour
			}
			if _, err := f.Stat(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			f.guess.ahead.mu.Lock()
			held := f.guess.ahead.held
			f.guess.ahead.mu.Unlock()
			if (held != nil) != tt.hold {
				t.Errorf("something is held: %v, want %v", held != nil, tt.hold)
			}
			if tt.late != nil {
				tt.late(own, others)
			}
			if tt.replaced {
				want = apitest.Noise(999)
				other.mustWrite(t, p, want)
			}
			f.srv.ForgetRequests()
			f.has(t, p, want, "what is read is what another gateway has told its client to be stored")
			if got := f.requested() != ""; got != tt.get {
				t.Errorf("opening makes requests: %v, want %v", got, tt.get)
			}
		})
	}
}
