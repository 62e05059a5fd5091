package swift

import (
	"errors"
	"net/http"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestStoragePolicy has an account with containers of two policies, and a gateway with one of them
// as storage_policy (features I1 to I4).
func TestStoragePolicy(t *testing.T) {
	w := &world{srv: swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{Policies: []string{"gold", "silver"}}})}
	ctx := t.Context()
	all := w.fake(w.gateway(t))
	for _, p := range []vfs.Path{"/gold1", "/gold2"} {
		if err := all.Mkdir(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	w.change = func(c *Config) { c.StoragePolicy = "Silver" }
	f := w.fake(w.gateway(t))
	if err := f.Mkdir(ctx, "/silver1"); err != nil {
		t.Fatal(err)
	}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: api.Name{Container: "silver1"}})
	if err != nil || resp.Header.Get("X-Storage-Policy") != "silver" {
		t.Fatalf("a new container has the policy %v (%v), want the configured one", resp, err)
	}
	large := apitest.Noise(2*mib + 5)
	for _, dir := range []vfs.Path{"/gold1", "/silver1"} {
		all.mustWrite(t, dir.Join("d").Join("f"), []byte("x"))
		all.mustWrite(t, dir.Join("large"), large)
		if err := all.Mkdir(ctx, dir.Join("empty")); err != nil {
			t.Fatal(err)
		}
	}
	sees(t, f, "/", "containers of another policy are not there", "silver1/")
	sees(t, all, "/", "without the option all are", "gold1/", "gold2/", "silver1/")
	w.srv.ForgetRequests()
	sees(t, f, "/", "what is known is not asked again", "silver1/")
	if n := w.srv.Count(swifttest.HeadContainer); n != 0 {
		t.Errorf("listing the account again takes %d HEADs of containers", n)
	}

	f.has(t, "/silver1/large", large, "what has the policy is there, segments too")
	if err := f.Remove(ctx, "/silver1/large"); err != nil {
		t.Error(err)
	}
	for op, do := range map[string]func() error{
		"stat container": func() error { _, err := f.Stat(ctx, "/gold1"); return err },
		"stat":           func() error { _, err := f.Stat(ctx, "/gold1/d/f"); return err },
		"stat directory": func() error { _, err := f.Stat(ctx, "/gold1/d"); return err },
		"list container": func() error { _, err := f.List(ctx, "/gold1"); return err },
		"list":           func() error { _, err := f.List(ctx, "/gold1/d"); return err },
		"read":           func() error { _, err := f.read(ctx, "/gold1/d/f"); return err },
		"write":          func() error { _, err := f.write(ctx, "/gold1/d/f", []byte("y"), replace); return err },
		"write new":      func() error { _, err := f.write(ctx, "/gold1/new", []byte("y"), replace); return err },
		"write large":    func() error { _, err := f.write(ctx, "/gold1/new", large, replace); return err },
		"mkdir":          func() error { return f.Mkdir(ctx, "/gold1/e") },
		"remove":         func() error { return f.Remove(ctx, "/gold1/d/f") },
		"rmdir":          func() error { return f.Rmdir(ctx, "/gold1/empty") },
		"rmdir container": func() error {
			return f.Rmdir(ctx, "/gold2")
		},
		"rename out":  func() error { return f.Rename(ctx, "/gold1/d/f", "/silver1/f", vfs.RenameOptions{}) },
		"rename in":   func() error { return f.Rename(ctx, "/silver1/d/f", "/gold1/f", vfs.RenameOptions{}) },
		"segments":    func() error { _, err := f.List(ctx, "/gold1_segments"); return err },
		"set time":    func() error { return f.SetAttrs(ctx, "/gold1/d/f", vfs.Attrs{}) },
		"space":       func() error { _, err := f.StatSpace(ctx, "/gold1"); return err },
		"by its mark": func() error { _, err := f.Stat(ctx, "/@AUTH_test/gold1/d/f"); return err },
	} {
		if err := do(); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("%s in a container of another policy: %v, want %v", op, err, vfs.ErrNotExist)
		}
	}
	all.has(t, "/gold1/d/f", []byte("x"), "nothing was changed")
	if err := f.Mkdir(ctx, "/gold1"); !errors.Is(err, vfs.ErrExist) {
		t.Errorf("mkdir over a container of another policy: %v, want %v", err, vfs.ErrExist)
	}
	// A new container of the same name may have the policy.
	if err := all.Rmdir(ctx, "/gold2"); err != nil {
		t.Fatal(err)
	}
	if err := f.Mkdir(ctx, "/gold2"); err != nil {
		t.Fatal(err)
	}
	f.mustWrite(t, "/gold2/f", []byte("x"))
	sees(t, f, "/", "a container was made", "gold2/", "silver1/")

	w.change = func(c *Config) { c.StoragePolicy = "bronze" }
	if err := w.gateway(t).Mkdir(ctx, "/b"); err == nil {
		t.Error("a container is made although there is no such policy")
	}
}
