package api

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for n, want := range map[Name]struct{ s, prefix string }{
		{}:                   {"/", ""},
		{"", "c", ""}:        {"/c", ""},
		{"", "c", "a/b"}:     {"/c/a/b", "a/b/"},
		{"AUTH_x", "", ""}:   {"/@AUTH_x/", ""},
		{"AUTH_x", "c", "a"}: {"/@AUTH_x/c/a", "a/"},
	} {
		if n.String() != want.s || n.Prefix() != want.prefix {
			t.Errorf("%#v is %q with the prefix %q", n, n.String(), n.Prefix())
		}
	}
}

func TestLongNamesShareNoSegments(t *testing.T) {
	a, b := strings.Repeat("a", 1023)+"1", strings.Repeat("a", 1023)+"2"
	if SegmentsPrefix(a) == SegmentsPrefix(b) {
		t.Errorf("two objects have the segments %q", SegmentsPrefix(a))
	}
	if SegmentsContainer(a[:255]+"1") == SegmentsContainer(a[:255]+"2") {
		t.Errorf("two containers have the segments in %q", SegmentsContainer(a[:255]+"1"))
	}
	if got := SegmentsContainer("photos"); got != "photos_segments" {
		t.Errorf("the segments of photos lie in %q", got)
	}
}
