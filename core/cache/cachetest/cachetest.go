// Package cachetest is the test suite for implementations of [cache.Cache]. The tests of every
// cache must run it, as those of core/cache and core/cache/memcached do. It is for tests only.
package cachetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filegate/core/cache"
)

// life is longer than any test takes.
const life = time.Hour

// Run tests a cache that works: one that is not down, and large enough for some hundred small
// values. Each call of open returns the same store, as another process would see it if the cache is
// shared; keys of one run are not those of another.
func Run(t *testing.T, open func(t *testing.T) cache.Cache) {
	s := &suite{open: open, run: fmt.Sprint(time.Now().UnixNano())}
	t.Run("Set", s.set)
	t.Run("Delete", s.delete)
	t.Run("Keys", s.keys)
	t.Run("Slices", s.slices)
	t.Run("Batch", s.batch)
	t.Run("Update", s.update)
	t.Run("UpdateAtOnce", s.updateAtOnce)
	t.Run("Context", s.context)
}

type suite struct {
	open func(t *testing.T) cache.Cache
	run  string
}

// key is one that only this test has.
func (s *suite) key(t *testing.T, fields ...string) cache.Key {
	return cache.NewKey("cachetest", append([]string{s.run, t.Name()}, fields...)...)
}

func has(t *testing.T, c cache.Cache, key cache.Key, want, rule string) {
	t.Helper()
	if value, ok := c.Get(t.Context(), key); !ok || string(value) != want {
		t.Errorf("Get returns %q, %v, want %q: %s", value, ok, want, rule)
	}
}

func hasNot(t *testing.T, c cache.Cache, key cache.Key, rule string) {
	t.Helper()
	if value, ok := c.Get(t.Context(), key); ok {
		t.Errorf("Get returns %q: %s", value, rule)
	}
}

func (s *suite) set(t *testing.T) {
	c, key := s.open(t), s.key(t)
	hasNot(t, c, key, "nothing has been kept under the key")
	c.Set(t.Context(), key, []byte("one"), life)
	has(t, c, key, "one", "what was set is there")
	c.Set(t.Context(), key, []byte("two"), life)
	has(t, c, key, "two", "a second value replaces the first")
	c.Set(t.Context(), key, nil, life)
	has(t, c, key, "", "an empty value is a value")
	c.Set(t.Context(), key, []byte("three"), 0)
	hasNot(t, c, key, "a life of nothing deletes")
	large := bytes.Repeat([]byte("large"), 20_000)
	c.Set(t.Context(), key, large, life)
	has(t, c, key, string(large), "100 kB are a small value")
}

func (s *suite) delete(t *testing.T) {
	c, key := s.open(t), s.key(t)
	c.Delete(t.Context(), key)
	c.Set(t.Context(), key, []byte("one"), life)
	c.Delete(t.Context(), key)
	hasNot(t, c, key, "what was deleted is gone")
}

// keys has pairs that a careless join of fields would take for the same.
func (s *suite) keys(t *testing.T) {
	c := s.open(t)
	all := []cache.Key{
		s.key(t), s.key(t, ""), s.key(t, "", ""), s.key(t, "ab"), s.key(t, "a", "b"), s.key(t, "a", "", "b"), s.key(t, "b", "a"),
		s.key(t, "a\x00b"), s.key(t, "a\x01b"), s.key(t, "\x01a\x01b"), s.key(t, "a b"), s.key(t, "a\r\nget b"), s.key(t, "ä"), s.key(t, "\xff"),
		s.key(t, string(bytes.Repeat([]byte("long"), 1000))), s.key(t, string(bytes.Repeat([]byte("long"), 1000))+"x"),
		cache.NewKey("cachetest2", s.run, t.Name()),
	}
	for i, key := range all {
		c.Set(t.Context(), key, fmt.Append(nil, i), life)
	}
	for i, key := range all {
		has(t, c, key, fmt.Sprint(i), "each list of fields is a key of its own")
	}
}

func (s *suite) slices(t *testing.T) {
	c, key := s.open(t), s.key(t)
	given := []byte("value")
	c.Set(t.Context(), key, given, life)
	given[0] = 'X'
	has(t, c, key, "value", "the caller's slice is the caller's")
	got, _ := c.Get(t.Context(), key)
	got[0] = 'X'
	has(t, c, key, "value", "what Get returns is the caller's")
	c.Update(t.Context(), key, life, func(old []byte) []byte {
		old[0] = 'X'
		return given
	})
	given[0] = 'Y'
	has(t, c, key, "Xalue", "what Update gives and takes is the caller's")
}

func (s *suite) batch(t *testing.T) {
	c := s.open(t)
	const n = 100
	var keys []cache.Key
	for i := range n {
		keys = append(keys, s.key(t, fmt.Sprint(i)))
		if i%3 != 0 {
			c.Set(t.Context(), keys[i], fmt.Append(nil, i), life)
		}
	}
	c.Set(t.Context(), keys[1], nil, life)
	keys = append(keys, keys[2])
	values := cache.GetBatch(t.Context(), c, keys)
	if len(values) != len(keys) {
		t.Fatalf("GetBatch returns %d values for %d keys", len(values), len(keys))
	}
	for i, value := range values {
		want := fmt.Append(nil, i)
		switch i {
		case 1:
			want = []byte{}
		case n:
			want = []byte("2") // the same key a second time
		}
		if missing := i%3 == 0 && i < n; missing != (value == nil) || !missing && !bytes.Equal(value, want) {
			t.Errorf("GetBatch returns %q for key %d", value, i)
		}
	}
	if values := cache.GetBatch(t.Context(), c, nil); len(values) != 0 {
		t.Errorf("GetBatch of no keys returns %d values", len(values))
	}
}

func (s *suite) update(t *testing.T) {
	c, key := s.open(t), s.key(t)
	step := func(want, result []byte, rule string) {
		t.Helper()
		ok := c.Update(t.Context(), key, life, func(old []byte) []byte {
			if !bytes.Equal(old, want) || (old == nil) != (want == nil) {
				t.Errorf("change gets %q, want %q: %s", old, want, rule)
			}
			return result
		})
		if !ok {
			t.Errorf("Update fails: %s", rule)
		}
	}
	step(nil, []byte("one"), "nothing is there")
	has(t, c, key, "one", "what change returned is kept")
	step([]byte("one"), []byte{}, "change gets what is there")
	has(t, c, key, "", "an empty value is a value")
	step([]byte{}, nil, "an empty value is not none")
	hasNot(t, c, key, "nil deletes")
	step(nil, nil, "what was deleted is gone")
	hasNot(t, c, key, "deleting nothing is fine")
	step(nil, []byte("again"), "a deleted key can be used again")
	has(t, c, key, "again", "what change returned is kept")
	if c.Update(t.Context(), key, 0, func([]byte) []byte { return []byte("x") }) {
		hasNot(t, c, key, "a life of nothing deletes")
	}
}

// updateAtOnce counts in one value from many goroutines, each with a view of its own.
func (s *suite) updateAtOnce(t *testing.T) {
	key := s.key(t)
	var wg sync.WaitGroup
	var done atomic.Uint64
	for range 8 {
		c := s.open(t)
		wg.Go(func() {
			for range 20 {
				if c.Update(t.Context(), key, life, increment) {
					done.Add(1)
				}
			}
		})
	}
	wg.Wait()
	value, _ := s.open(t).Get(t.Context(), key)
	if len(value) != 8 || binary.BigEndian.Uint64(value) < done.Load() {
		t.Errorf("%d updates are said to have been made, and the value counts %v: one has lost another", done.Load(), value)
	}
	if done.Load() < 20 {
		t.Errorf("only %d of 160 updates were made", done.Load())
	}
}

func increment(old []byte) []byte {
	var n uint64
	if len(old) == 8 {
		n = binary.BigEndian.Uint64(old)
	}
	return binary.BigEndian.AppendUint64(nil, n+1)
}

func (s *suite) context(t *testing.T) {
	c, key := s.open(t), s.key(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Set(ctx, key, []byte("late"), life)
	if ok := c.Update(ctx, key, life, increment); ok {
		t.Error("Update reports success although its context has ended")
	}
	if values := cache.GetBatch(ctx, c, []cache.Key{key}); len(values) != 1 || values[0] != nil {
		t.Errorf("GetBatch returns %q although its context has ended", values)
	}
	hasNot(t, c, key, "nothing is done for a context that has ended")
}
