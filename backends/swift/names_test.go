package swift

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

// TestLocate finds what paths stand for (row C1 of the old servers).
func TestLocate(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	f := &FS{client: &client{account: "AUTH_own"}, aliases: map[string]alias{
		"shared": {"AUTH_x", "photos"}, "team": {"AUTH_y", ""}, "mine": {"AUTH_own", "c"},
	}}
	for _, tt := range []struct {
		path vfs.Path
		want name
		err  error
	}{
		{"/", name{}, nil},
		{"/@AUTH_x", name{"AUTH_x", "", ""}, nil},
		{"/@AUTH_x/c", name{"AUTH_x", "c", ""}, nil},
		{"/@AUTH_x/c/a/b", name{"AUTH_x", "c", "a/b"}, nil},
		{"/@AUTH_x/@AUTH_y/a", name{"AUTH_x", "@AUTH_y", "a"}, nil},
		{"/@AUTH_own/c/a", name{"", "c", "a"}, nil}, // one thing has one name
		{"/c/@AUTH_x/a", name{"", "c", "@AUTH_x/a"}, nil},
		{"/c/%/a", name{"", "c", "/a"}, nil},
		{"/c/a/%/b", name{"", "c", "a//b"}, nil},
		{"/c/a/%/%/%../%.", name{}, vfs.ErrInvalidName},
		{"/c/a/%2e%2E/b", name{}, vfs.ErrInvalidName},
		{"/@../c/a", name{}, vfs.ErrInvalidName},
		{"/c/a/%", name{"", "c", "a/"}, nil},
		{"/c/%", name{"", "c", emptyObject}, nil},
		{"/c/%%/%%.", name{"", "c", "%/%."}, nil},
		{"/c/.../..a", name{"", "c", ".../..a"}, nil},
		{"/c/%a/a%/%@x", name{"", "c", "%a/a%/%@x"}, nil},
		{"/%@AUTH_x/a", name{"", "@AUTH_x", "a"}, nil},
		{"/%../a", name{}, vfs.ErrInvalidName},
		{"/@AUTH_x/%@c", name{"AUTH_x", "@c", ""}, nil},
		{"/shared", name{"AUTH_x", "photos", ""}, nil},
		{"/shared/a/b", name{"AUTH_x", "photos", "a/b"}, nil},
		{"/@AUTH_own/shared/a", name{"", "shared", "a"}, nil},
		{"/team", name{"AUTH_y", "", ""}, nil},
		{"/team/c/a", name{"AUTH_y", "c", "a"}, nil},
		{"/mine/a", name{"", "c", "a"}, nil},
		{"/c", name{"", "c", ""}, nil},
		{"/c/a", name{"", "c", "a"}, nil},
		{"/c/a/b", name{"", "c", "a/b"}, nil},
		{vfs.Path("/" + long(256) + "/a"), name{"", long(256), "a"}, nil},
		{vfs.Path("/" + long(257)), name{}, vfs.ErrInvalidName},
		{vfs.Path("/" + long(257) + "/a"), name{}, vfs.ErrInvalidName},
		{vfs.Path("/c/" + long(1024)), name{"", "c", long(1024)}, nil},
		{vfs.Path("/c/" + long(1025)), name{}, vfs.ErrInvalidName},
		{vfs.Path("/c/" + strings.Repeat("ü", 513)), name{}, vfs.ErrInvalidName}, // bytes, not letters
	} {
		if got, err := f.locate(tt.path); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("locate(%.20q) = %.40q, %v; want %v", tt.path, got, err, tt.err)
		}
	}
}

// TestLocateFile is that files lie in containers only (row C2).
func TestLocateFile(t *testing.T) {
	f := &FS{}
	for p, want := range map[vfs.Path]error{
		"/": vfs.ErrIsDir, "/c": vfs.ErrPermission, "/c/a": nil,
		"/@AUTH_x": vfs.ErrIsDir, "/@AUTH_x/c": vfs.ErrPermission, "/@AUTH_x/c/a": nil,
	} {
		if _, err := f.locateFile(p); !errors.Is(err, want) {
			t.Errorf("locateFile(%q): %v, want %v", p, err, want)
		}
	}
}

func TestName(t *testing.T) {
	for n, want := range map[name]struct{ s, prefix string }{
		{}:                   {"/", ""},
		{"", "c", ""}:        {"/c", ""},
		{"", "c", "a/b"}:     {"/c/a/b", "a/b/"},
		{"AUTH_x", "", ""}:   {"/@AUTH_x/", ""},
		{"AUTH_x", "c", "a"}: {"/@AUTH_x/c/a", "a/"},
	} {
		if n.String() != want.s || n.prefix() != want.prefix {
			t.Errorf("%#v is %q with the prefix %q", n, n.String(), n.prefix())
		}
	}
}

// drawName draws a valid name of up to most bytes, of which many have the greatest length.
func drawName(t *rapid.T, label string, most int) string {
	unit := rapid.SampledFrom([]string{"a", "/b", "ü", "日本", "🙂"}).Draw(t, label+" unit")
	n := rapid.IntRange(1, most/len(unit)).Draw(t, label+" units")
	if rapid.Bool().Draw(t, label+" full") {
		n = most / len(unit)
	}
	return strings.Repeat(unit, n)
}

// TestSegmentNames makes the names of segments of objects with names of every length.
func TestSegmentNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := name{"", drawName(t, "container", maxContainerName), drawName(t, "object", maxObjectName)}
		target.container = strings.ReplaceAll(target.container, "/", "-")
		off := rapid.SampledFrom([]int64{0, 1, 5 * gib, math.MaxInt64}).Draw(t, "off")
		sequence := rapid.SampledFrom([]int{0, 1, 999_999, 9_999_999}).Draw(t, "sequence")
		n := segmentName(hiddenPlace(target, newUploadID(time.Now())), off, sequence)
		switch {
		case len(n.container) > maxContainerName, len(n.object) > maxObjectName-len("-manifest0"):
			t.Fatalf("the segment's name has %d and %d bytes", len(n.container), len(n.object))
		case !utf8.ValidString(n.container), !utf8.ValidString(n.object):
			t.Fatalf("the segment's name is not UTF-8: %q", n)
		case !strings.HasSuffix(n.container, segmentsSuffix), strings.Contains(n.container, "/"):
			t.Fatalf("the segments lie in %q", n.container)
		case !strings.HasPrefix(n.object, segmentsPrefix(target.object)):
			t.Fatalf("the segment %q does not begin with %q", n.object, segmentsPrefix(target.object))
		}
	})
}

func TestLongNamesShareNoSegments(t *testing.T) {
	a, b := strings.Repeat("a", 1023)+"1", strings.Repeat("a", 1023)+"2"
	if segmentsPrefix(a) == segmentsPrefix(b) {
		t.Errorf("two objects have the segments %q", segmentsPrefix(a))
	}
	if segmentsContainer(a[:255]+"1") == segmentsContainer(a[:255]+"2") {
		t.Errorf("two containers have the segments in %q", segmentsContainer(a[:255]+"1"))
	}
	if got := segmentsContainer("photos"); got != "photos_segments" {
		t.Errorf("the segments of photos lie in %q", got)
	}
}
