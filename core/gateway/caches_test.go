package gateway

import (
	"strings"
	"testing"

	"filegate/core/cache"
)

func TestCaches(t *testing.T) {
	for _, tt := range []struct {
		name, blocks string
		shared       bool
	}{
		{"none", "", false},
		{"own", `cache "memory" { size = "2MiB" }`, false},
		{"shared", `cache "shelf" {}`, true},
		{"both", "cache \"shelf\" {}\ncache \"memory\" {}", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			g, err := New(t.Context(), w.config(t, oneOfEach+tt.blocks), w.options(t))
			if err != nil {
				t.Fatal(err)
			}
			env := w.envs[0]
			if _, ok := env.Local.(*cache.Memory); !ok {
				t.Errorf("a backend's own cache is a %T", env.Local)
			}
			if _, ok := env.Cache.(*fakeShelf); ok != tt.shared || !ok && env.Cache != env.Local {
				t.Errorf("a backend's cache is a %T; it is the shared one where there is one, and else its own", env.Cache)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			if left := w.leftovers(); len(left) > 0 {
				t.Errorf("%q still run after Close", left)
			}
		})
	}
}

func TestCacheThatCannotBeMade(t *testing.T) {
	w := newWorld()
	w.cacheErr = errFake
	_, err := New(t.Context(), w.config(t, oneOfEach+`cache "shelf" {}`), w.options(t))
	if err == nil || !strings.Contains(err.Error(), `Cache "shelf" cannot be made`) || !strings.Contains(err.Error(), errFake.Error()) {
		t.Errorf("New says %v, want the block and what is wrong", err)
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("%q still run", left)
	}
}
