package swift

import (
	"io/fs"
	"net/http"
	"strconv"
	"testing"
	"time"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestSetAttrsKeeps holds rows C5 and K6: a file is given a time, and keeps all else that there is of it. Modes and owners are taken without a word.
func TestSetAttrsKeeps(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	ends := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	kept := map[string]string{
		"Content-Type": "text/x; charset=utf-8", "Content-Encoding": "x-own", "Content-Disposition": "attachment; filename=a",
		"X-Object-Meta-Colour": "blue", "X-Object-Meta-Mode": "0640", "X-Delete-At": ends,
	}
	put := func(object string, header map[string]string) {
		t.Helper()
		_, err := f.client.send(ctx, request{method: http.MethodPut, target: name{"", "c", object}, header: header})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("plain", kept)
	put("dir", map[string]string{"Content-Type": "application/directory; charset=utf-8", "X-Object-Meta-Colour": "blue"})
	f.putDLO(t, "/c/dlo", "c_segments/dlo/", []byte("hello"))
	large := noise(2 * mib)
	f.mustWrite(t, "/c/slo", large)
	put("link", map[string]string{"X-Symlink-Target": "c/plain"})

	at, mode, id := time.Date(2021, 2, 3, 4, 5, 6, 700_000_000, time.UTC), fs.FileMode(0o600), 1000
	for _, p := range []vfs.Path{"/c/dir", "/c/dlo", "/c/slo", "/c/link"} {
		if err := f.SetAttrs(ctx, p, vfs.Attrs{ModTime: &at, AccessTime: &at, Mode: &mode, UID: &id, GID: &id}); err != nil {
			t.Errorf("SetAttrs(%q): %v", p, err)
		}
		if info, err := f.Stat(ctx, p); err != nil || !info.ModTime.Equal(at) {
			t.Errorf("%q has the time %v (%v), want %v", p, info.ModTime, err, at)
		}
		if err := f.SetAttrs(ctx, p, vfs.Attrs{Mode: &mode, UID: &id, GID: &id}); err != nil {
			t.Errorf("SetAttrs(%q) of a mode: %v", p, err)
		}
	}
	// What the link leads to has been given the time by the link.
	o, err := f.head(ctx, name{"", "c", "plain"})
	if err != nil || !o.mtime.Equal(at) {
		t.Errorf("what the link leads to has the time %v (%v), want %v", o.mtime, err, at)
	}
	for key, want := range kept {
		if got := o.header.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if o, err := f.head(ctx, name{"", "c", "dir"}); err != nil || !o.isDir() || o.header.Get("X-Object-Meta-Colour") != "blue" {
		t.Errorf("the directory is %+v, %v", o, err)
	}
	f.has(t, "/c/dlo", []byte("hello"), "it is a manifest still")
	f.has(t, "/c/slo", large, "it is a manifest still")
	// A container, the account and what is only a prefix have nowhere to keep a time, and clients set it after every upload of a tree.
	f.mustWrite(t, "/c/below/file", []byte("x"))
	for _, p := range []vfs.Path{"/", "/c", "/c/below"} {
		if err := f.SetAttrs(ctx, p, vfs.Attrs{ModTime: &at, Mode: &mode}); err != nil {
			t.Errorf("SetAttrs(%q): %v", p, err)
		}
	}
}
