package swift

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestForwardedFor checks that every request to the storage has the client's address.
func TestForwardedFor(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f.srv.ForgetRequests()
	f.mustWrite(t, "/c/d/small", apitest.Noise(1000))
	f.mustWrite(t, "/c/d/large", apitest.Noise(2*mib+1000))
	for _, err := range []error{
		f.Copy(ctx, "/c/d/large", "/c/copy", vfs.CopyOptions{}),
		f.SetAttrs(ctx, "/c/copy", vfs.Attrs{ModTime: new(time.Unix(1, 0))}),
		f.Rename(ctx, "/c/d", "/c/e", vfs.RenameOptions{}),
		f.Remove(ctx, "/c/e/large"),
		f.Mkdir(ctx, "/c/dir"),
		f.Rmdir(ctx, "/c/dir"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	listNames(t, f, "/")
	listNames(t, f, "/c")
	if _, err := f.read(ctx, "/c/copy"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.StatSpace(ctx, "/c"); err != nil {
		t.Fatal(err)
	}
	for _, r := range f.srv.Requests() {
		if strings.HasPrefix(r.Path, "/v1/") && r.Header.Get("X-Forwarded-For") != "192.0.2.7" {
			t.Errorf("%s %s says that it is for %q, want the client's address", r.Method, r.Path, r.Header.Get("X-Forwarded-For"))
		}
	}
}

// TestTransactionIDs makes every kind of operation fail in Swift: the client's error has the
// transaction ID.
func TestTransactionIDs(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	large := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/small", apitest.Noise(1000))
	f.mustWrite(t, "/c/large", large)
	f.forget()
	f.srv.Inject(swifttest.Rule{
		Match: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }, Fault: swifttest.Fault{Status: 403},
	})
	for op, do := range map[string]func() error{
		"stat":        func() error { _, err := f.Stat(ctx, "/c/small"); return err },
		"list":        func() error { _, err := f.List(ctx, "/c"); return err },
		"read":        func() error { _, err := f.read(ctx, "/c/small"); return err },
		"write":       func() error { _, err := f.write(ctx, "/c/new", apitest.Noise(10), replace); return err },
		"write large": func() error { _, err := f.write(ctx, "/c/new", large, replace); return err },
		"remove":      func() error { return f.Remove(ctx, "/c/large") },
		"rename":      func() error { return f.Rename(ctx, "/c/small", "/c/new", vfs.RenameOptions{}) },
		"mkdir":       func() error { return f.Mkdir(ctx, "/c/new") },
		"mkdir top":   func() error { return f.Mkdir(ctx, "/new") },
		"rmdir":       func() error { return f.Rmdir(ctx, "/c/new") },
		"rmdir top":   func() error { return f.Rmdir(ctx, "/c") },
		"set time":    func() error { return f.SetAttrs(ctx, "/c/small", vfs.Attrs{}) },
		"space":       func() error { _, err := f.StatSpace(ctx, "/c"); return err },
		"copy":        func() error { return f.Copy(ctx, "/c/small", "/c/new", vfs.CopyOptions{}) },
	} {
		if err := do(); err == nil || !strings.Contains(vfs.ClientText(err), "(transaction tx") {
			t.Errorf("%s: the client reads %q, want the transaction's id in it", op, vfs.ClientText(err))
		}
	}
}
