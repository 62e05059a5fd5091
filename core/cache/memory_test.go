package cache_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"filegate/core/cache"
	"filegate/core/cache/cachetest"
)

func TestMemory(t *testing.T) {
	c := cache.NewMemory(1 << 20)
	cachetest.Run(t, func(*testing.T) cache.Cache { return c })
}

func TestMemoryLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.NewMemory(1 << 20)
		ctx := t.Context()
		short, long := cache.NewKey("t", "short"), cache.NewKey("t", "long")
		c.Set(ctx, short, []byte("s"), time.Second)
		c.Set(ctx, long, []byte("l"), time.Hour)
		time.Sleep(time.Second - 1)
		if _, ok := c.Get(ctx, short); !ok {
			t.Error("a value is gone before its life ends")
		}
		time.Sleep(time.Nanosecond)
		if _, ok := c.Get(ctx, short); ok {
			t.Error("a value is there after its life")
		}
		c.Update(ctx, short, time.Second, func(old []byte) []byte {
			if old != nil {
				t.Errorf("Update sees %q after its life", old)
			}
			return []byte("again")
		})
		if _, ok := c.Get(ctx, short); !ok {
			t.Error("Update gives a value no life")
		}
		if _, ok := c.Get(ctx, long); !ok {
			t.Error("a value with another life is gone")
		}
	})
}

// TestMemoryBound has the value go that was used least recently, and one that is larger than all
// stay out.
func TestMemoryBound(t *testing.T) {
	c := cache.NewMemory(10_000)
	ctx := t.Context()
	key := func(i int) cache.Key { return cache.NewKey("t", fmt.Sprint(i)) }
	value := make([]byte, 2000)
	for i := range 4 {
		c.Set(ctx, key(i), value, time.Hour)
	}
	c.Get(ctx, key(0))
	c.Set(ctx, key(4), value, time.Hour)
	for i, want := range []bool{true, false, true, true, true} {
		if _, ok := c.Get(ctx, key(i)); ok != want {
			t.Errorf("value %d is there: %v, want %v: the one that was used least recently goes", i, ok, want)
		}
	}
	c.Set(ctx, key(0), make([]byte, 20_000), time.Hour)
	if _, ok := c.Get(ctx, key(0)); ok {
		t.Error("a value larger than the cache, or the one before it, is there")
	}
	if _, ok := c.Get(ctx, key(4)); !ok {
		t.Error("a value too large for the cache drives others out")
	}
	if c.Update(ctx, key(5), time.Hour, func([]byte) []byte { return make([]byte, 20_000) }) {
		t.Error("Update reports to keep what is larger than the cache")
	}
}

// TestMemoryRooms floods one purpose: it pushes out its own values and none of the others, however
// long those are not used.
func TestMemoryRooms(t *testing.T) {
	c := cache.NewMemory(100_000)
	ctx := t.Context()
	ban := func(i int) cache.Key { return cache.NewKey("bans", fmt.Sprint(i)) }
	for i := range 10 {
		c.Set(ctx, ban(i), []byte("until tomorrow"), time.Hour)
	}
	for i := range 10_000 {
		c.Set(ctx, cache.NewKey("attributes", fmt.Sprint(i)), make([]byte, 100), time.Hour)
		c.Update(ctx, cache.NewKey("times", fmt.Sprint(i)), time.Hour, func([]byte) []byte { return make([]byte, 100) })
	}
	for i := range 10 {
		if _, ok := c.Get(ctx, ban(i)); !ok {
			t.Errorf("ban %d is lost to what two other purposes keep", i)
		}
	}
	for _, purpose := range []string{"attributes", "times"} {
		if _, ok := c.Get(ctx, cache.NewKey(purpose, "9999")); !ok {
			t.Errorf("the latest value of the %s is not there", purpose)
		}
	}
	if c.Update(ctx, cache.NewKey("large"), time.Hour, func([]byte) []byte { return make([]byte, 90_000) }) {
		if _, ok := c.Get(ctx, cache.NewKey("large")); !ok {
			t.Error("Update reports to keep a value that is not there")
		}
	}
	if _, ok := c.Get(ctx, ban(0)); !ok {
		t.Error("a ban is lost to one large value")
	}
}

// TestKeys has keys differ exactly where their fields do (rows J3 and J5 of the old servers: keys
// that ran together gave one user the listing of another).
func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SliceOfN(rapid.StringMatching("[\x00-\x03ab]{0,3}"), 1, 4)
		a, b := fields.Draw(t, "a"), fields.Draw(t, "b")
		same := cache.NewKey(a[0], a[1:]...) == cache.NewKey(b[0], b[1:]...)
		if want := fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b); same != want {
			t.Fatalf("%q and %q have the same key: %v", a, b, same)
		}
	})
}
