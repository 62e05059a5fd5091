package keystone_test

import (
	"errors"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
)

// TestRequests checks the table of costs in the package comment.
func TestRequests(t *testing.T) {
	c := newCloud(t, nil)
	var id *auth.Identity
	var step *auth.Step
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	next := func(user, password string) {
		t.Helper()
		resp, err := c.try(user, password)
		must(err)
		step = resp.Next
	}
	for _, tc := range []struct {
		name string
		do   func()
		want int
	}{
		{"password", func() { id = c.enter("demo.demo", "demopass") }, 1},
		{"default project", func() { c.enter("harry", "harrypass") }, 1},
		{"application credential", func() { c.enter("app=backup.demo", "s3cret") }, 1},
		{"wrong password", func() { _, _ = c.try("demo.demo", "wrong") }, 1},
		{"wrong password with digits", func() { _, _ = c.try("demo.demo", "wrong123456") }, 2},
		{"renewal", func() {
			fresh, err := c.a.Renew(t.Context(), id.Grant)
			must(err)
			id.Grant = fresh
		}, 1},
		{"revalidation", func() { must(auth.Revalidate(t.Context(), c.a, *id)) }, 1},
		{"release", func() { must(auth.Release(t.Context(), c.a, id.Grant)) }, 1},
		{"revalidation after the token's end", func() { must(auth.Revalidate(t.Context(), c.a, *id)) }, 3},
		{"second factor, begin", func() { next("otto", "ottopass") }, 1},
		{"second factor, end", func() {
			_, err := c.answer("otto", step, code())
			must(err)
		}, 1},
		{"code after the password", func() { c.enter("otto", "ottopass"+code()) }, 3},
		{"choice, begin", func() { next("?.harry", "harrypass") }, 2},
		{"choice, end", func() {
			_, err := c.answer("?.harry", step, "1")
			must(err)
		}, 2},
	} {
		if n := c.counted(tc.do); total(n) != tc.want {
			t.Errorf("%s: asked %v, want %d requests", tc.name, n, tc.want)
		}
	}
}

// TestRevalidate checks that a disabled user loses the login at the next check, and that an outage
// ends no login.
func TestRevalidate(t *testing.T) {
	c := newCloud(t, nil)
	demo, delegate := c.enter("demo.demo", "demopass"), c.enter("app=backup.demo", "s3cret")
	heal := c.Inject(swifttest.Rule{Fault: swifttest.Fault{Status: 503}})
	for _, id := range []*auth.Identity{demo, delegate} {
		if err := auth.Revalidate(t.Context(), c.a, *id); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("while Keystone is down: got %v, want %v", err, auth.ErrUnavailable)
		}
	}
	heal()
	c.Disable("demo", "demo")
	for _, id := range []*auth.Identity{demo, delegate} {
		if err := auth.Revalidate(t.Context(), c.a, *id); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a disabled user: got %v, want %v", err, auth.ErrDenied)
		}
		if _, err := c.a.Renew(t.Context(), id.Grant); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("renewal for a disabled user: got %v, want %v", err, auth.ErrDenied)
		}
	}
	if err := auth.Revalidate(t.Context(), c.a, auth.Identity{Grant: auth.Grant{Token: "x", Renewal: []byte("x")}}); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("an identity that another gateway has sealed: got %v, want %v", err, auth.ErrUnavailable)
	}
}

func TestRelease(t *testing.T) {
	c := newCloud(t, nil)
	one, two := c.enter("demo.demo", "demopass"), c.enter("demo.demo", "demopass")
	logins := func(id *auth.Identity) int {
		return c.counted(func() {
			if err := auth.Revalidate(t.Context(), c.a, *id); err != nil {
				t.Error(err)
			}
		})[swifttest.Login]
	}
	for range 2 { // the second time the token is already revoked
		if err := auth.Release(t.Context(), c.a, one.Grant); err != nil {
			t.Error(err)
		}
	}
	if logins(one) != 1 || logins(two) != 0 {
		t.Error("want the one token taken back and the other one not")
	}
	c.Inject(swifttest.Rule{Op: swifttest.RevokeToken, Fault: swifttest.Fault{Status: 500}})
	if err := auth.Release(t.Context(), c.a, two.Grant); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, auth.ErrUnavailable)
	}

	off := newCloud(t, map[string]any{"revoke_tokens": false})
	id := off.enter("demo.demo", "demopass")
	if n := off.counted(func() {
		if err := auth.Release(t.Context(), off.a, id.Grant); err != nil {
			t.Error(err)
		}
	}); total(n) != 0 {
		t.Errorf("with revoke_tokens off: asked %v", n)
	}
}

// TestVersion2 checks that v2.0 neither checks nor revokes tokens, and has no special forms of
// login.
func TestVersion2(t *testing.T) {
	c := newCloud(t, nil)
	c.a = configured(t, c.URL()+"/v2.0", nil)
	id := c.enter("demo.demo", "demopass")
	if n := c.counted(func() {
		if err := auth.Revalidate(t.Context(), c.a, *id); err != nil {
			t.Error(err)
		}
		if err := auth.Release(t.Context(), c.a, id.Grant); err != nil {
			t.Error(err)
		}
	}); total(n) != 1 || n[swifttest.Login] != 1 {
		t.Errorf("asked %v, want one login", n)
	}
	for _, user := range []string{"app=backup.demo", "?.demo", "trust=1.demo"} {
		if _, err := c.try(user, "demopass"); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: got %v, want %v", user, err, auth.ErrDenied)
		}
	}
}
