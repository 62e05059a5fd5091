package swifttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestSelect compares listings with those of reference.
func TestSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab/]{1,5}`)
		part := rapid.StringMatching(`[ab/]{0,3}`)
		var list sorted[*object]
		kept := map[string]bool{}
		for _, n := range rapid.SliceOfN(name, 0, 30).Draw(t, "names") {
			if _, replaced := list.put(&object{Name: n}); replaced != kept[n] {
				t.Fatalf("put %q: replaced %t", n, replaced)
			}
			kept[n] = true
		}
		for _, n := range rapid.SliceOfN(name, 0, 5).Draw(t, "removed") {
			if _, removed := list.remove(n); removed != kept[n] {
				t.Fatalf("remove %q: %t", n, removed)
			}
			delete(kept, n)
		}
		sel := selection{
			prefix:    part.Draw(t, "prefix"),
			delimiter: rapid.SampledFrom([]string{"", "/", "a", "//", "ab"}).Draw(t, "delimiter"),
			marker:    part.Draw(t, "marker"),
			endMarker: part.Draw(t, "end marker"),
			limit:     rapid.IntRange(0, 40).Draw(t, "limit"),
			reverse:   rapid.Bool().Draw(t, "reverse"),
		}
		var got []string
		for _, f := range list.selectFrom(sel) {
			if f.subdir != "" {
				got = append(got, "subdir "+f.subdir)
			} else {
				got = append(got, f.item.Name)
			}
		}
		if d := cmp.Diff(reference(kept, sel), got); d != "" {
			t.Fatalf("%+v (-want +got)\n%s", sel, d)
		}
	})
}

// reference computes a listing by a look at every name.
func reference(kept map[string]bool, sel selection) (out []string) {
	var names []string
	for n := range kept {
		names = append(names, n)
	}
	slices.Sort(names)
	after, before := sel.marker, sel.endMarker
	if sel.reverse {
		slices.Reverse(names)
		after, before = before, after
	}
	seen := map[string]bool{}
	for _, n := range names {
		rest, ok := strings.CutPrefix(n, sel.prefix)
		if !ok || n <= after && after != "" || before != "" && n >= before {
			continue
		}
		if sel.delimiter != "" {
			if i := strings.Index(rest, sel.delimiter); i >= 0 {
				dir := sel.prefix + rest[:i+len(sel.delimiter)]
				if seen[dir] || dir == after {
					continue
				}
				seen[dir] = true
				n = "subdir " + dir
			}
		}
		if len(out) < sel.limit {
			out = append(out, n)
		}
	}
	return out
}
