package swift

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
)

func TestAttrCache(t *testing.T) {
	local, other, shared := cache.NewMemory(1<<20), cache.NewMemory(1<<20), cache.NewMemory(1<<20)
	here, there := newAttrCache(local, shared), newAttrCache(other, shared)
	key := func(n string) cache.Key {
		return attrKey("http://swift/v1/A", api.Name{Container: "c", Object: n}, "hash", time.Unix(1, 0), false)
	}
	want := attrs{Size: 5, ModTime: time.Unix(2, 3).UTC(), Version: "v", Segments: "c/s/"}
	here.put(t.Context(), key("b"), want)
	got := there.get(t.Context(), []cache.Key{key("a"), key("b"), key("c")})
	if got[0] != nil || got[1] == nil || *got[1] != want || got[2] != nil {
		t.Errorf("another gateway knows %v, want only the second, %v", got, want)
	}
	if _, ok := other.Get(t.Context(), key("b")); !ok {
		t.Error("what the shared cache has told is not kept nearer")
	}
	shared.Set(t.Context(), key("a"), []byte("garbage"), time.Hour)
	if got := there.get(t.Context(), []cache.Key{key("a")}); got[0] != nil {
		t.Errorf("garbage is taken for %v", got[0])
	}
}

// TestAttrKeys checks that different versions have different keys.
func TestAttrKeys(t *testing.T) {
	at := time.Unix(10, 500)
	keys := map[cache.Key]bool{}
	for _, key := range []cache.Key{
		attrKey("e", api.Name{Container: "c", Object: "a"}, "h", at, false),
		attrKey("f", api.Name{Container: "c", Object: "a"}, "h", at, false),
		attrKey("e", api.Name{Container: "d", Object: "a"}, "h", at, false),
		attrKey("e", api.Name{Container: "c", Object: "b"}, "h", at, false),
		attrKey("e", api.Name{Container: "c", Object: "a"}, "i", at, false),
		attrKey("e", api.Name{Container: "c", Object: "a"}, "h", at.Add(2*time.Second), false),
		attrKey("e", api.Name{Container: "ca", Object: ""}, "h", at, false),
		attrKey("e", api.Name{Container: "c", Object: "a"}, "h", at, true),
	} {
		keys[key] = true
	}
	if len(keys) != 8 {
		t.Errorf("eight versions have %d keys", len(keys))
	}
}

// TestUnchangedEntries counts the requests of a listing of n unchanged entries of others: one for
// each page, and no HEAD, through any gateway that shares the cache (features C5, C13).
func TestUnchangedEntries(t *testing.T) {
	const n, page = 30, 7
	w := newWorld(t, page)
	one, two := w.gateway(t), w.gateway(t)
	for i := range n {
		one.putByOthers(t, vfsPath("/c/d/f%02d", i), []byte("x"), nil)
	}
	one.putByOthers(t, "/c/d/empty", nil, nil) // could be the manifest of a dynamic large object
	for i, fsys := range []*FS{one, one, two, two} {
		w.srv.ForgetRequests()
		if got := len(listNames(t, fsys, "/c/d")); got != n+1 {
			t.Fatalf("%d entries are listed, want %d", got, n+1)
		}
		heads := n + 1
		if i > 0 {
			heads = 0
		}
		w.asked(t, fmt.Sprintf("listing %d", i), (n+1+page-1)/page, heads)
	}
	if err := one.Remove(t.Context(), "/c/d/f00"); err != nil {
		t.Fatal(err)
	}
	one.putByOthers(t, "/c/d/f01", []byte("y"), nil)
	w.srv.ForgetRequests()
	listNames(t, two, "/c/d")
	w.asked(t, "listing after one file has changed", (n+page-1)/page, 1)
}

// TestHeadsAtOnce counts how many HEADs a listing makes at the same time: as many as the limit, and
// never more.
func TestHeadsAtOnce(t *testing.T) {
	w := newWorld(t, 1000)
	f := w.fake(w.gateway(t))
	for i := range 3 * headsAtOnce {
		putRaw(t, f.FS, fmt.Sprintf("d/f%03d", i), "x", nil)
	}
	var mu sync.Mutex
	underWay, most := 0, 0
	full := make(chan struct{})
	w.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "d/f", Fault: swifttest.Fault{Stall: full, Call: func() {
		mu.Lock()
		defer mu.Unlock()
		underWay++
		if most = max(most, underWay); underWay == headsAtOnce && most == headsAtOnce {
			select {
			case <-full:
			default:
				close(full)
			}
		}
	}}})
	w.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "d/f", Fault: swifttest.Fault{At: swifttest.AtAnswer, Call: func() {
		mu.Lock()
		defer mu.Unlock()
		underWay--
	}}})
	if got := len(listNames(t, f, "/c/d")); got != 3*headsAtOnce {
		t.Errorf("%d files are listed", got)
	}
	if most != headsAtOnce {
		t.Errorf("%d HEADs were under way at a time, want %d", most, headsAtOnce)
	}
}
