package listing

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/cache"
)

// listed returns Swift's current listing.
func (s *gateway) listed(t *testing.T) Page {
	t.Helper()
	p, err := s.RawPage(t.Context(), top, s.q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *gateway) changes(t *testing.T) Changes {
	t.Helper()
	all, err := s.ChangesIn(t.Context(), top, s.q)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sees applies the log to a page, and checks the result.
func (s *gateway) sees(t *testing.T, p Page, all Changes, want ...string) {
	t.Helper()
	lines, err := s.Overlay(t.Context(), top, s.q, p, all)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range lines {
		names = append(names, e.Key())
	}
	if diff := cmp.Diff(want, names, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a listing (-want +got):\n%s", diff)
	}
}

// logs checks which of the gateway's caches, its own and the shared one, contain a change of a
// name.
func (s *gateway) logs(t *testing.T, object string, own, shared bool, when string) {
	t.Helper()
	log := s.log
	key, err := s.listKey(t.Context(), top, listOf(object))
	if err != nil {
		t.Fatal(err)
	}
	var has [2]bool
	for i := range has {
		text, _ := log.caches[i].Get(t.Context(), key)
		has[i] = slices.ContainsFunc(log.decode(i, key, text), func(c change) bool { return c.Name == object })
	}
	if got := has[0] || has[1]; got != (own || shared) {
		t.Errorf("%s: %q is in the log: %v, want %v", when, object, got, own || shared)
	}
	if has[1] != shared {
		t.Errorf("%s: %q is in the shared log: %v, want %v", when, object, has[1], shared)
	}
}

// TestSettled checks that entries are removed from the log when listings have agreed with them for
// long enough: from the shared log for all gateways, and from a gateway's own log when it has seen
// this itself.
func TestSettled(t *testing.T) {
	srv, shared := startSwift(t), cache.NewMemory(1<<20)
	s := newGateway(t, srv, shared, Query{Limit: 100})
	other := newGateway(t, srv, shared, s.q)
	s.put(t, "stays")
	old := s.listed(t)
	other.put(t, "made")
	s.remove(t, "stays")
	now := s.listed(t)
	sees := func(p Page) {
		t.Helper()
		s.sees(t, p, s.changes(t), "made")
	}
	sees(old)
	sees(now)
	sees(now)
	s.logs(t, "made", true, true, "listings agree, but not for long enough")
	s.logs(t, "stays", true, true, "listings agree, but not for long enough")

	s.log.SettledFor = 0
	for range 3 { // one of two copies lags
		sees(old)
		sees(now)
		s.logs(t, "made", true, true, "every other listing is behind")
		s.logs(t, "stays", true, true, "every other listing is behind")
	}
	sees(now)
	s.logs(t, "made", false, false, "listings have caught up")
	s.logs(t, "stays", false, false, "listings have caught up")
	other.logs(t, "made", true, false, "listings have caught up, as another gateway has seen")
}

// TestSettledOfDirectories checks that an entry stays if listings show it only as a directory.
func TestSettledOfDirectories(t *testing.T) {
	srv, shared := startSwift(t), cache.NewMemory(1<<20)
	s := newGateway(t, srv, shared, Query{Limit: 100, Delimiter: true})
	s.log.SettledFor = 0
	s.put(t, "dir/made")
	for range 3 {
		s.sees(t, s.listed(t), s.changes(t), "dir/")
	}
	s.logs(t, "dir/made", true, true, "a listing says only that something is below dir")
	s.q.Marker = "e"
	s.put(t, "a")
	for range 3 {
		s.sees(t, s.listed(t), s.changes(t))
	}
	s.logs(t, "a", true, true, "a page that begins behind the name says nothing")
}

// TestSettledLater changes a name again during a listing that is about to remove its entry.
func TestSettledLater(t *testing.T) {
	srv, shared := startSwift(t), cache.NewMemory(1<<20)
	s := newGateway(t, srv, shared, Query{Limit: 100})
	other := newGateway(t, srv, shared, s.q)
	s.log.SettledFor = 0
	for what, again := range map[string]*gateway{"the same gateway": s, "another one": other} {
		s.put(t, "f")
		page := s.listed(t)
		s.sees(t, page, s.changes(t), "f")
		seen := s.changes(t)
		again.put(t, "f")
		s.sees(t, page, seen, "f")
		s.logs(t, "f", true, true, "it was changed again by "+what)
		s.sees(t, page, s.changes(t), "f")
		s.sees(t, page, s.changes(t), "f")
		s.logs(t, "f", true, true, "it was changed again by "+what+", which the listing does not know")
	}
}

// TestSettledCosts counts how often listings write to the shared cache: not until entries are
// removed, and then once for each list with such entries.
func TestSettledCosts(t *testing.T) {
	srv, shared := startSwift(t), cache.NewMemory(1<<20)
	counted := &countedCache{Cache: shared}
	s := newGateway(t, srv, counted, Query{Limit: 100})
	lists := map[int]bool{}
	var names []string
	for i := range 100 {
		n := fmt.Sprintf("f%02d", i)
		s.put(t, n)
		names, lists[listOf(n)] = append(names, n), true
	}
	slices.Sort(names)
	updates := func(what string, want int) {
		t.Helper()
		counted.updates.Store(0)
		s.sees(t, s.listed(t), s.changes(t), names...)
		if got := int(counted.updates.Load()); got != want {
			t.Errorf("%s writes to the shared cache %d times, want %d", what, got, want)
		}
	}
	updates("the first listing that agrees", 0)
	updates("the second, too soon", 0)
	s.log.SettledFor = 0
	updates("a listing with which entries go", len(lists))
	updates("one after that", 0)
}

// countedCache counts the writes to it.
type countedCache struct {
	cache.Cache
	updates atomic.Int64
}

func (c *countedCache) Update(ctx context.Context, key cache.Key, life time.Duration, edit func([]byte) []byte) bool {
	c.updates.Add(1)
	return c.Cache.Update(ctx, key, life, edit)
}

// TestSettledFor checks that the time counts from the first listing that agrees.
func TestSettledFor(t *testing.T) {
	log := NewLog(time.Hour, cache.NewMemory(1<<20), cache.NewMemory(1<<20))
	now := time.Now()
	for since, want := range map[time.Duration]bool{0: false, settledFor - time.Minute/10: false, settledFor: true, time.Hour: true} {
		o := &overlaying{view: &View{log: log}}
		o.agrees(change{Agreed: now.Add(-since).UnixMicro()})
		if (len(o.known) == 1) != want || len(o.settled) > 0 {
			t.Errorf("after listings have agreed for %v the entry goes: %v, want %v", since, len(o.known) == 1, want)
		}
	}
	if log.SettledFor != settledFor {
		t.Errorf("the time is %v, want %v", log.SettledFor, settledFor)
	}
}
