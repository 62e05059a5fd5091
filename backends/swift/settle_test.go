package swift

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/cache"
)

// settlingLog is a gateway that looks at listings that a test gives it.
type settlingLog struct {
	*fake
	l listing
}

// listed is what Swift lists now.
func (s *settlingLog) listed(t *testing.T) rawPage {
	t.Helper()
	p, err := s.view.rawPage(t.Context(), api.Name{Container: "c"}, s.l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *settlingLog) changes(t *testing.T) changes {
	t.Helper()
	all, err := s.view.changesIn(t.Context(), api.Name{Container: "c"}, s.l)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sees lays the log over a page.
func (s *settlingLog) sees(t *testing.T, p rawPage, all changes, want ...string) {
	t.Helper()
	lines, err := s.view.overlay(t.Context(), api.Name{Container: "c"}, s.l, p, all)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range lines {
		names = append(names, e.key())
	}
	if diff := cmp.Diff(want, names, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a listing (-want +got):\n%s", diff)
	}
}

// logs checks how many of the gateway's caches, its own and the shared one, have a change of a
// name.
func (s *settlingLog) logs(t *testing.T, object string, own, shared bool, when string) {
	t.Helper()
	log, n := s.backend.writes, api.Name{Container: "c", Object: object}
	key, err := s.view.listKey(t.Context(), n.Top(), listOf(object))
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

// TestSettled has entries go from the log when listings have agreed with them for long enough: from
// the shared one for all gateways, from their own when they have seen it themselves.
func TestSettled(t *testing.T) {
	w := newWorld(t, 100)
	s := &settlingLog{fake: w.fake(w.gateway(t)), l: listing{limit: 100}}
	other := &settlingLog{fake: w.fake(w.gateway(t)), l: s.l}
	s.mustWrite(t, "/c/stays", noise(10))
	old := s.listed(t)
	other.mustWrite(t, "/c/made", noise(10))
	if err := s.Remove(t.Context(), "/c/stays"); err != nil {
		t.Fatal(err)
	}
	now := s.listed(t)
	sees := func(p rawPage) {
		t.Helper()
		s.sees(t, p, s.changes(t), "made")
	}
	sees(old)
	sees(now)
	sees(now)
	s.logs(t, "made", true, true, "listings agree, but not for long enough")
	s.logs(t, "stays", true, true, "listings agree, but not for long enough")

	s.backend.writes.settledFor = 0
	for range 3 { // of two places one is behind
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

// TestSettledOfDirectories keeps what a listing shows only as a directory.
func TestSettledOfDirectories(t *testing.T) {
	w := newWorld(t, 100)
	s := &settlingLog{fake: w.fake(w.gateway(t)), l: listing{limit: 100, delimiter: true}}
	s.backend.writes.settledFor = 0
	s.mustWrite(t, "/c/dir/made", noise(10))
	for range 3 {
		s.sees(t, s.listed(t), s.changes(t), "dir/")
	}
	s.logs(t, "dir/made", true, true, "a listing says only that something is below dir")
	s.l.marker = "e"
	s.mustWrite(t, "/c/a", noise(10))
	for range 3 {
		s.sees(t, s.listed(t), s.changes(t))
	}
	s.logs(t, "a", true, true, "a page that begins behind the name says nothing")
}

// TestSettledLater has a name changed again while a listing that is about to have its entry removed
// is under way.
func TestSettledLater(t *testing.T) {
	w := newWorld(t, 100)
	s := &settlingLog{fake: w.fake(w.gateway(t)), l: listing{limit: 100}}
	other := w.fake(w.gateway(t))
	s.backend.writes.settledFor = 0
	for what, again := range map[string]*fake{"the same gateway": s.fake, "another one": other} {
		s.mustWrite(t, "/c/f", noise(10))
		page := s.listed(t)
		s.sees(t, page, s.changes(t), "f")
		seen := s.changes(t)
		again.mustWrite(t, "/c/f", noise(20))
		s.sees(t, page, seen, "f")
		s.logs(t, "f", true, true, "it was changed again by "+what)
		s.sees(t, page, s.changes(t), "f")
		s.sees(t, page, s.changes(t), "f")
		s.logs(t, "f", true, true, "it was changed again by "+what+", which the listing does not know")
	}
}

// TestSettledCosts counts how often listings write to the shared cache: not before entries go, and
// then once for each list that they are in.
func TestSettledCosts(t *testing.T) {
	w := newWorld(t, 100)
	counted := &countedCache{Cache: w.shared}
	w.shared = counted
	s := &settlingLog{fake: w.fake(w.gateway(t)), l: listing{limit: 100}}
	lists := map[int]bool{}
	var names []string
	for i := range 100 {
		n := string(vfsPath("f%02d", i))
		s.mustWrite(t, vfsPath("/c/%s", n), noise(1))
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
	s.backend.writes.settledFor = 0
	updates("a listing with which entries go", len(lists))
	updates("one after that", 0)
}

// countedCache counts what is written to it.
type countedCache struct {
	cache.Cache
	updates atomic.Int64
}

func (c *countedCache) Update(ctx context.Context, key cache.Key, life time.Duration, edit func([]byte) []byte) bool {
	c.updates.Add(1)
	return c.Cache.Update(ctx, key, life, edit)
}

// TestSettledFor has the time count from the first listing that agrees.
func TestSettledFor(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	log := f.backend.writes
	now := time.Now()
	for since, want := range map[time.Duration]bool{0: false, settledFor - time.Minute/10: false, settledFor: true, time.Hour: true} {
		o := &overlaying{view: f.view}
		o.agrees(change{Agreed: now.Add(-since).UnixMicro()})
		if (len(o.known) == 1) != want || len(o.settled) > 0 {
			t.Errorf("after listings have agreed for %v the entry goes: %v, want %v", since, len(o.known) == 1, want)
		}
	}
	if log.settledFor != settledFor {
		t.Errorf("the time is %v, want %v", log.settledFor, settledFor)
	}
}
