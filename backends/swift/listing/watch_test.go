package listing

import (
	"testing"
	"time"

	"filegate/core/cache"
)

// TestWatchForgotten has the shared cache lose the list of changes while an object is held.
func TestWatchForgotten(t *testing.T) {
	shared := cache.NewMemory(1 << 20)
	g := newGateway(t, startSwift(t), shared, Query{})
	n := top.With("file")
	since := time.Now()
	watch, ok := g.Watch(t.Context(), n)
	if !ok || !g.Undisturbed(t.Context(), n, watch, since) {
		t.Fatal("a name that nobody changes is taken to be changed")
	}
	if again, _ := g.Watch(t.Context(), n); again != watch {
		t.Error("each question leaves a watch of its own")
	}
	key, err := g.listKey(t.Context(), top, listOf(n.Object))
	if err != nil {
		t.Fatal(err)
	}
	shared.Delete(t.Context(), key)
	if g.Undisturbed(t.Context(), n, watch, since) {
		t.Error("a change that the cache has forgotten is taken not to be")
	}
	if again, _ := g.Watch(t.Context(), n); again == watch || g.Undisturbed(t.Context(), n, watch, since) {
		t.Error("a later watch takes the place of one that was lost")
	}
	if lines, err := g.List(t.Context(), top, Query{Limit: 100}); err != nil || len(lines) > 0 {
		t.Errorf("a watch is listed: %v, %v", lines, err)
	}
}
