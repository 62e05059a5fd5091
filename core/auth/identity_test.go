package auth_test

import (
	"slices"
	"testing"

	"filegate/core/auth"
)

func TestPermissionsAt(t *testing.T) {
	read, write := []auth.Permission{auth.Read}, []auth.Permission{auth.Write}
	for _, c := range []struct {
		name string
		id   auth.Identity
		want map[string][]auth.Permission
	}{
		{
			"nothing said",
			auth.Identity{},
			map[string][]auth.Permission{"/": auth.Permissions(), "/a/b": auth.Permissions()},
		},
		{
			"without rules",
			auth.Identity{Permissions: read},
			map[string][]auth.Permission{"/": read, "/a/b": read},
		},
		{
			"a rule",
			auth.Identity{Permissions: read, Rules: []auth.Rule{{Path: "/in", Permissions: write}}},
			map[string][]auth.Permission{"/": read, "/in": write, "/in/a/b": write, "/inbox": read, "/i": read, "/a/in": read},
		},
		{
			"none in a rule means none",
			auth.Identity{Rules: []auth.Rule{{Path: "/a"}}},
			map[string][]auth.Permission{"/": auth.Permissions(), "/a": nil, "/a/b": nil},
		},
		{
			"the longest holds, in any order",
			auth.Identity{Rules: []auth.Rule{{Path: "/a/b/c", Permissions: write}, {Path: "/"}, {Path: "/a/b", Permissions: read}}},
			map[string][]auth.Permission{"/": nil, "/a": nil, "/a/b": read, "/a/b/d": read, "/a/b/c": write, "/a/b/c/d": write, "/a/bc": nil},
		},
	} {
		for path, want := range c.want {
			if got := c.id.PermissionsAt(path); !slices.Equal(got, want) {
				t.Errorf("%s: at %s got %q, want %q", c.name, path, got, want)
			}
		}
	}
}
