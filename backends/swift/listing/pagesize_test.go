package listing

import (
	"strconv"
	"testing"
)

func TestPageSizes(t *testing.T) {
	p := NewPageSizes()
	here, there := PageKind{store: "https://a"}, PageKind{store: "https://b"}
	for i, step := range []struct {
		kind PageKind
		n    int
		last bool
	}{
		{here, 0, true},  // an empty page is the last one with any limit
		{here, 5, false}, // five may be the store's limit
		{here, 5, false},
		{here, 4, true}, // the store has returned five
		{here, 7, false},
		{here, 5, true},
		{there, 4, false}, // the limit of another store is not known
		{there, 3, true},
	} {
		if got := p.IsLast(step.kind, step.n); got != step.last {
			t.Errorf("step %d: a page of %d entries of %s is known to be the last: %v, want %v", i, step.n, step.kind.store, got, step.last)
		}
	}
	for i := range 3 * maxPageKinds {
		p.IsLast(PageKind{store: strconv.Itoa(i)}, 1)
	}
	if len(p.longest) > maxPageKinds {
		t.Errorf("%d kinds of pages are remembered, want at most %d", len(p.longest), maxPageKinds)
	}
}
