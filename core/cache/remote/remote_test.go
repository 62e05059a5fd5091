package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/cachetest"
)

const (
	testKey  = auth.Secret("for tests only 0123456789 abcdefghijk")
	otherKey = auth.Secret("for tests only 0123456789 abcdefghijl")
)

// fakeStore is a server in memory, which never forgets by itself.
type fakeStore struct {
	mu      sync.Mutex
	items   map[string]Item
	version uint64
	err     error // of all requests
	asked   int   // requests
}

func (f *fakeStore) begin() error {
	f.mu.Lock()
	f.asked++
	return f.err
}

func (f *fakeStore) Get(_ context.Context, names []string) (map[string]Item, error) {
	defer f.mu.Unlock()
	if err := f.begin(); err != nil {
		return nil, err
	}
	found := map[string]Item{}
	for _, name := range names {
		if item, ok := f.items[name]; ok {
			found[name] = Item{bytes.Clone(item.Box), item.Version}
		}
	}
	return found, nil
}

func (f *fakeStore) Set(_ context.Context, name string, box []byte, _ time.Duration) error {
	defer f.mu.Unlock()
	if err := f.begin(); err != nil {
		return err
	}
	f.version++
	f.items[name] = Item{box, f.version}
	return nil
}

func (f *fakeStore) Replace(_ context.Context, name string, old *Item, box []byte, _ time.Duration) error {
	defer f.mu.Unlock()
	if err := f.begin(); err != nil {
		return err
	}
	current, ok := f.items[name]
	if ok != (old != nil) || ok && current.Version != old.Version {
		return ErrChanged
	}
	if box == nil {
		delete(f.items, name)
		return nil
	}
	f.version++
	f.items[name] = Item{box, f.version}
	return nil
}

func (f *fakeStore) Delete(_ context.Context, name string) error {
	defer f.mu.Unlock()
	if err := f.begin(); err != nil {
		return err
	}
	delete(f.items, name)
	return nil
}

func (f *fakeStore) Failed()      {}
func (f *fakeStore) Close() error { return nil }

// open returns a cache with the given servers, by their names.
func open(t *testing.T, key auth.Secret, stores map[string]*fakeStore, names ...string) *Cache {
	t.Helper()
	if names == nil {
		names = slices.Collect(maps.Keys(stores))
	}
	c, err := New(Options{
		Kind: "fake", Servers: names, Secret: key, Pause: time.Minute,
		Env:  cache.Env{Log: slog.New(slog.NewTextHandler(t.Output(), nil))},
		Open: func(name string) (Store, error) { return stores[name], nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fakes(names ...string) map[string]*fakeStore {
	stores := map[string]*fakeStore{}
	for _, name := range names {
		stores[name] = &fakeStore{items: map[string]Item{}}
	}
	return stores
}

func TestCache(t *testing.T) {
	stores := fakes("a:1", "b:1")
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, testKey, stores) })
	for name, s := range stores {
		if len(s.items) == 0 {
			t.Errorf("%s has no values", name)
		}
	}
}

// TestDeriveKey is that gateways with the same key make the same one of it for a purpose, and
// nobody else does.
func TestDeriveKey(t *testing.T) {
	key := func(secret auth.Secret, purpose string) string {
		return string(cache.DeriveKey(open(t, secret, fakes("a:1")), purpose))
	}
	if a, b := key(testKey, "renewals"), key(testKey, "renewals"); a != b || len(a) != 32 {
		t.Errorf("two gateways make %x and %x of the same key", a, b)
	}
	if key(testKey, "renewals") == key(otherKey, "renewals") || key(testKey, "renewals") == key(testKey, "more") {
		t.Error("another key, or another purpose, makes the same")
	}
	if cache.DeriveKey(cache.NewMemory(1<<20), "renewals") != nil {
		t.Error("a cache without a secret makes a key")
	}
}

// TestLife has a server that keeps a value longer than its life.
func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := open(t, testKey, fakes("a:1")), cache.NewKey("t", "key")
		c.Set(t.Context(), key, []byte("value"), time.Hour)
		time.Sleep(time.Hour - time.Second)
		if _, ok := c.Get(t.Context(), key); !ok {
			t.Error("the value is gone before its life ends")
		}
		time.Sleep(time.Second)
		if value, ok := c.Get(t.Context(), key); ok {
			t.Errorf("Get returns %q after the life of the value, whatever the server says", value)
		}
		c.Set(t.Context(), key, []byte("value"), 1000*24*time.Hour)
		time.Sleep(MaxLife)
		if value, ok := c.Get(t.Context(), key); ok {
			t.Errorf("Get returns %q after the longest life", value)
		}
	})
}

// TestPause has a server that fails, is not asked for a while, and comes back.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stores := fakes("a:1")
		f, c, key := stores["a:1"], open(t, testKey, stores), cache.NewKey("t", "key")
		c.Set(t.Context(), key, []byte("value"), time.Hour)
		f.err = errors.New("out of memory")
		for range MaxFailures {
			c.Get(t.Context(), key)
		}
		if n := c.Stats().Failures; n != MaxFailures {
			t.Errorf("%d failures are counted, want %d", n, MaxFailures)
		}
		asked := func(want int, rule string) {
			t.Helper()
			before := f.asked
			for range 5 {
				c.Get(t.Context(), key)
			}
			if n := f.asked - before; n != want {
				t.Errorf("the server is asked %d times, want %d: %s", n, want, rule)
			}
		}
		asked(0, "it has failed")
		time.Sleep(time.Minute)
		asked(1, "one request tests it after the pause")
		f.err = nil
		asked(0, "the test has failed")
		time.Sleep(time.Minute)
		if value, ok := c.Get(t.Context(), key); !ok || string(value) != "value" {
			t.Errorf("Get returns %q, %v from a server that is back", value, ok)
		}
		asked(5, "it is back")
		// Conflicts of updates are no failures.
		for range 2 * MaxFailures {
			_ = c.servers[0].do(t.Context(), func(s Store) error { return s.Replace(t.Context(), "no such", &Item{}, nil, 0) })
		}
		asked(5, "it has answered")
	})
}

// TestServers has gateways agree on the server of a key, in whatever order they list the servers.
func TestServers(t *testing.T) {
	names := []string{"a:1", "b:1", "c:1", "/run/d"}
	stores := fakes(names...)
	one := open(t, testKey, stores, names...)
	slices.Reverse(names)
	two := open(t, testKey, stores, names...)
	less := open(t, testKey, stores, "a:1", "b:1", "c:1")
	parts := map[string]int{}
	for i := range 1000 {
		name := one.seal.Name(cache.NewKey("t", fmt.Sprint(i)))
		a, b := one.server(name).name, two.server(name).name
		if a != b {
			t.Fatalf("gateways look for the same value at %s and at %s", a, b)
		}
		if c := less.server(name).name; a != "/run/d" && c != a {
			t.Fatalf("without another server, a value moves from %s to %s", a, c)
		}
		parts[a]++
	}
	for name, n := range parts {
		if n < 100 {
			t.Errorf("%s has %d of 1000 values", name, n)
		}
	}
}

func TestLimits(t *testing.T) {
	c, ctx, key := open(t, testKey, fakes("a:1")), t.Context(), cache.NewKey("t", "key")
	c.Set(ctx, key, make([]byte, maxValue), time.Hour)
	if value, _ := c.Get(ctx, key); len(value) != maxValue {
		t.Errorf("of the largest value %d bytes come back", len(value))
	}
	c.Set(ctx, key, make([]byte, maxValue+1), time.Hour)
	if value, ok := c.Get(ctx, key); ok {
		t.Errorf("after a value that is too large, one of %d bytes is there", len(value))
	}
	tooLarge := func([]byte) []byte { return make([]byte, maxValue+1) }
	if c.Update(ctx, key, time.Hour, tooLarge) {
		t.Error("Update reports to keep a value that is too large")
	}
	c.Set(ctx, key, []byte("old"), time.Hour)
	if c.Update(ctx, key, time.Hour, tooLarge) {
		t.Error("Update reports to keep a value that is too large")
	}
	if value, ok := c.Get(ctx, key); ok {
		t.Errorf("after a value that is too large, the old one is there: %q", value)
	}
}
