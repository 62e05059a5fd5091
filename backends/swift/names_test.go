package swift

import (
	"errors"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// TestLocate checks the names of paths (row C1 of the old servers).
func TestLocate(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	f := &FS{client: &api.Client{Account: "AUTH_own"}, aliases: map[string]alias{
		"shared": {"AUTH_x", "photos"}, "team": {"AUTH_y", ""}, "mine": {"AUTH_own", "c"},
	}}
	for _, tt := range []struct {
		path vfs.Path
		want api.Name
		err  error
	}{
		{"/", api.Name{}, nil},
		{"/@AUTH_x", api.Name{Account: "AUTH_x", Container: "", Object: ""}, nil},
		{"/@AUTH_x/c", api.Name{Account: "AUTH_x", Container: "c", Object: ""}, nil},
		{"/@AUTH_x/c/a/b", api.Name{Account: "AUTH_x", Container: "c", Object: "a/b"}, nil},
		{"/@AUTH_x/@AUTH_y/a", api.Name{Account: "AUTH_x", Container: "@AUTH_y", Object: "a"}, nil},
		{"/@AUTH_own/c/a", api.Name{Account: "", Container: "c", Object: "a"}, nil}, // the account of the login is empty in an api.Name
		{"/c/@AUTH_x/a", api.Name{Account: "", Container: "c", Object: "@AUTH_x/a"}, nil},
		{"/c/%/a", api.Name{Account: "", Container: "c", Object: "/a"}, nil},
		{"/c/a/%/b", api.Name{Account: "", Container: "c", Object: "a//b"}, nil},
		{"/c/a/%/%/%../%.", api.Name{}, vfs.ErrInvalidName},
		{"/c/a/%2e%2E/b", api.Name{}, vfs.ErrInvalidName},
		{"/@../c/a", api.Name{}, vfs.ErrInvalidName},
		{"/c/a/%", api.Name{Account: "", Container: "c", Object: "a/"}, nil},
		{"/c/%", api.Name{Account: "", Container: "c", Object: api.EmptyObject}, nil},
		{"/c/%%/%%.", api.Name{Account: "", Container: "c", Object: "%/%."}, nil},
		{"/c/.../..a", api.Name{Account: "", Container: "c", Object: ".../..a"}, nil},
		{"/c/%a/a%/%@x", api.Name{Account: "", Container: "c", Object: "%a/a%/%@x"}, nil},
		{"/%@AUTH_x/a", api.Name{Account: "", Container: "@AUTH_x", Object: "a"}, nil},
		{"/%../a", api.Name{}, vfs.ErrInvalidName},
		{"/@AUTH_x/%@c", api.Name{Account: "AUTH_x", Container: "@c", Object: ""}, nil},
		{"/shared", api.Name{Account: "AUTH_x", Container: "photos", Object: ""}, nil},
		{"/shared/a/b", api.Name{Account: "AUTH_x", Container: "photos", Object: "a/b"}, nil},
		{"/@AUTH_own/shared/a", api.Name{Account: "", Container: "shared", Object: "a"}, nil},
		{"/team", api.Name{Account: "AUTH_y", Container: "", Object: ""}, nil},
		{"/team/c/a", api.Name{Account: "AUTH_y", Container: "c", Object: "a"}, nil},
		{"/mine/a", api.Name{Account: "", Container: "c", Object: "a"}, nil},
		{"/c", api.Name{Account: "", Container: "c", Object: ""}, nil},
		{"/c/a", api.Name{Account: "", Container: "c", Object: "a"}, nil},
		{"/c/a/b", api.Name{Account: "", Container: "c", Object: "a/b"}, nil},
		{vfs.Path("/" + long(256) + "/a"), api.Name{Account: "", Container: long(256), Object: "a"}, nil},
		{vfs.Path("/" + long(257)), api.Name{}, vfs.ErrInvalidName},
		{vfs.Path("/" + long(257) + "/a"), api.Name{}, vfs.ErrInvalidName},
		{vfs.Path("/c/" + long(1024)), api.Name{Account: "", Container: "c", Object: long(1024)}, nil},
		{vfs.Path("/c/" + long(1025)), api.Name{}, vfs.ErrInvalidName},
		{vfs.Path("/c/" + strings.Repeat("ü", 513)), api.Name{}, vfs.ErrInvalidName}, // bytes, not letters
	} {
		if got, err := f.locate(tt.path); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("locate(%.20q) = %.40q, %v; want %v", tt.path, got, err, tt.err)
		}
	}
}

// TestLocateFile checks that files can only be in containers (row C2).
func TestLocateFile(t *testing.T) {
	f := &FS{client: &api.Client{}}
	for p, want := range map[vfs.Path]error{
		"/": vfs.ErrIsDir, "/c": vfs.ErrPermission, "/c/a": nil,
		"/@AUTH_x": vfs.ErrIsDir, "/@AUTH_x/c": vfs.ErrPermission, "/@AUTH_x/c/a": nil,
	} {
		if _, err := f.locateFile(p); !errors.Is(err, want) {
			t.Errorf("locateFile(%q): %v, want %v", p, err, want)
		}
	}
}
