package swift

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"filegate/core/vfs"
)

func TestAttrCache(t *testing.T) {
	c := newAttrCache(3)
	key := func(n string) attrKey { return keyOf("http://swift", name{"", "c", n}, "hash", time.Unix(1, 0)) }
	put := func(n string, size int64) { c.put(key(n), vfs.Info{Name: n, Size: size}) }
	has := func(n string, want int64) {
		t.Helper()
		if info, ok := c.get(key(n)); !ok || info.Size != want {
			t.Errorf("of %s the size %d is known (%v), want %d", n, info.Size, ok, want)
		}
	}
	put("a", 1)
	put("b", 2)
	put("c", 3)
	has("a", 1)
	put("d", 4)
	if _, ok := c.get(key("b")); ok {
		t.Error("b is remembered: it was used least recently")
	}
	has("a", 1)
	put("c", 5) // used, and not new
	put("e", 6)
	has("c", 5)
	has("a", 1)
	if _, ok := c.get(key("d")); ok {
		t.Error("d is remembered: it was used least recently")
	}
	if len(c.byKey) != 3 || c.order.Len() != 3 {
		t.Errorf("%d and %d are remembered, want 3", len(c.byKey), c.order.Len())
	}
}

// TestAttrKeys has the versions of which one is not taken for another.
func TestAttrKeys(t *testing.T) {
	at := time.Unix(10, 500)
	keys := map[attrKey]bool{}
	for _, key := range []attrKey{
		keyOf("e", name{"", "c", "a"}, "h", at),
		keyOf("f", name{"", "c", "a"}, "h", at),
		keyOf("e", name{"", "d", "a"}, "h", at),
		keyOf("e", name{"", "c", "b"}, "h", at),
		keyOf("e", name{"", "c", "a"}, "i", at),
		keyOf("e", name{"", "c", "a"}, "h", at.Add(2*time.Second)),
	} {
		keys[key] = true
	}
	if len(keys) != 6 {
		t.Errorf("six versions have %d keys", len(keys))
	}
}

func TestAttrCacheAtOnce(t *testing.T) {
	c := newAttrCache(10)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				n := fmt.Sprint((i + g) % 20)
				key := keyOf("e", name{"", "c", n}, "h", time.Unix(1, 0))
				c.put(key, vfs.Info{Name: n})
				if info, ok := c.get(key); ok && info.Name != n {
					t.Errorf("of %s the name is %q", n, info.Name)
				}
			}
		})
	}
	wg.Wait()
	if len(c.byKey) != c.order.Len() || c.order.Len() > 10 {
		t.Errorf("%d and %d are remembered", len(c.byKey), c.order.Len())
	}
}
