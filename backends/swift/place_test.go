package swift

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestPlace looks up the places of paths that have another, plainer path.
func TestPlace(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) {
		c.Aliases = map[string]string{"alias": "AUTH_test/c", "own": "AUTH_test", "foreign": "AUTH_other/x", "hidden": "AUTH_other/y"}
	})
	own := "/@" + f.client.Account
	f.puts(t, "/c/file")
	for link, target := range map[vfs.Path]vfs.Path{"/c/link": "/c/file", "/c/far": "/c/link"} {
		if err := f.Symlink(t.Context(), target, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   vfs.Path
		follow bool
		want   vfs.Place
	}{
		{"/", false, vfs.Place{Path: "/"}},
		{"/c", false, vfs.Place{Path: "/c"}},
		{vfs.Path(own), false, vfs.Place{Path: "/"}},
		{vfs.Path(own + "/c/a/b"), false, vfs.Place{Path: "/c/a/b"}},
		{"/alias/a/b", false, vfs.Place{Path: "/c/a/b"}},
		{"/own/c/a", false, vfs.Place{Path: "/c/a"}},
		{"/foreign/a", false, vfs.Place{Path: "/@AUTH_other/x/a"}},
		{"/@AUTH_other/x/a", false, vfs.Place{Path: "/@AUTH_other/x/a"}},
		{vfs.Path(own + "/hidden/a"), false, vfs.Place{Path: vfs.Path(own + "/hidden/a")}},
		{"/c/a/%", false, vfs.Place{Path: "/c/a/%"}},
		{"/c/%", false, vfs.Place{Path: "/c/%"}},
		{"/c/%/%%../x", false, vfs.Place{Path: "/c/%/%%../x"}},
		{"/c/.versions/a/T", false, vfs.Place{Path: "/c/.versions/a/T", Of: []vfs.Path{"/c/a/T"}}},
		{vfs.Path(own + "/c/.versions/a/T"), false, vfs.Place{Path: "/c/.versions/a/T", Of: []vfs.Path{"/c/a/T"}}},
		{"/c/.file-segments/a/1", false, vfs.Place{Path: "/c/.file-segments/a/1", Of: []vfs.Path{"/c/a/1"}}},
		{"/c/a/b.part/1/2", false, vfs.Place{Path: "/c/a/b.part/1/2", Of: []vfs.Path{"/c/a/b"}}},
		{"/c/a/b_01.part/1/2", false, vfs.Place{Path: "/c/a/b_01.part/1/2", Of: []vfs.Path{"/c/a/b"}}},
		{"/c_segments/a/1/2", false, vfs.Place{Path: "/c_segments/a/1/2", Kept: true}},
		{"/c_segments", false, vfs.Place{Path: "/c_segments", Kept: true}},
		{"/c+segments/a", false, vfs.Place{Path: "/c+segments/a", Kept: true}},
		{"/old/003a/b/1795611209.07098", false, vfs.Place{Path: "/old/003a/b/1795611209.07098", Kept: true}},
		{"/old/004a/b/1795611209.07098", false, vfs.Place{Path: "/old/004a/b/1795611209.07098"}},
		{"/c/link", false, vfs.Place{Path: "/c/link"}},
		{"/c/link", true, vfs.Place{Path: "/c/file"}},
		{"/alias/far", true, vfs.Place{Path: "/c/file"}},
		{"/alias/missing", true, vfs.Place{Path: "/c/missing"}},
	} {
		got, err := f.Place(t.Context(), tt.name, tt.follow)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("Place(%q, %v): %v (-want +got)\n%s", tt.name, tt.follow, err, diff)
		}
	}
}

// TestPlaceIsAName checks that a place is a path of the same object.
func TestPlaceIsAName(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.Aliases = map[string]string{"a": "AUTH_other/b", "b": "AUTH_other/c"} })
	parts := []string{"a", "b", "c", "%", "%.", "%..", "%%", "%@x", "@x", "@" + f.client.Account, ".versions", "x.part"}
	var paths []vfs.Path
	for _, p := range parts {
		for _, q := range parts {
			paths = append(paths, vfs.Path("/"+p), vfs.Path("/"+strings.Join([]string{p, q}, "/")), vfs.Path("/"+strings.Join([]string{p, q, p}, "/")))
		}
	}
	for _, p := range slices.Compact(paths) {
		n, err := f.locate(p)
		if err != nil {
			continue
		}
		place, err := f.Place(t.Context(), p, false)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := f.locate(place.Path); err != nil || again != n {
			t.Errorf("%q leads to %v, and its place %q to %v, %v", p, n, place.Path, again, err)
		}
	}
}
