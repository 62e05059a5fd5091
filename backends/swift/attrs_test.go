package swift

import (
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestSetAttrsKeeps checks rows C5 and K6: setting the time of a file changes nothing else of it.
// Modes and owners are accepted without an error.
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
		_, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: object}, Header: header})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("plain", kept)
	put("dir", map[string]string{"Content-Type": "application/directory; charset=utf-8", "X-Object-Meta-Colour": "blue"})
	f.putDLO(t, "/c/dlo", "c_segments/dlo/", []byte("hello"))
	large := apitest.Noise(2 * mib)
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
	// Setting the time of the link has set that of its target.
	o, err := f.client.Head(ctx, api.Name{Account: "", Container: "c", Object: "plain"})
	if err != nil || !o.ModTime.Equal(at) {
		t.Errorf("what the link leads to has the time %v (%v), want %v", o.ModTime, err, at)
	}
	for key, want := range kept {
		if got := o.Header.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if o, err := f.client.Head(ctx, api.Name{Account: "", Container: "c", Object: "dir"}); err != nil || !o.IsDir() || o.Header.Get("X-Object-Meta-Colour") != "blue" {
		t.Errorf("the directory is %+v, %v", o, err)
	}
	f.has(t, "/c/dlo", []byte("hello"), "it is a manifest still")
	f.has(t, "/c/slo", large, "it is a manifest still")
	// The account cannot store a time, and clients set it after every upload of a tree.
	if err := f.SetAttrs(ctx, "/", vfs.Attrs{ModTime: &at, Mode: &mode}); err != nil {
		t.Error(err)
	}
}

// TestDirectoryTimes sets the times and modes of all kinds of directories. Stat and listings show
// both, other metadata of a directory does not change, and a rename keeps time and mode.
func TestDirectoryTimes(t *testing.T) {
	run := func(t *testing.T, a account) {
		f := &fake{FS: openFS(t, a, func(c *Config) { c.KeepModes = true })}
		dir := makeContainer(t, f.FS)
		ctx := t.Context()
		at, mode := time.Date(2021, 2, 3, 4, 5, 6, 700_000_000, time.UTC), fs.FileMode(0o710)
		put := func(object string, header map[string]string) {
			t.Helper()
			if _, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: api.Name{Account: "", Container: dir.Base(), Object: object}, Header: header}); err != nil {
				t.Fatal(err)
			}
		}
		has := func(p vfs.Path, rule string) {
			t.Helper()
			info, err := f.Stat(ctx, p)
			if err != nil || !info.ModTime.Equal(at) || info.Mode != fs.ModeDir|mode {
				t.Errorf("%q has the time %v and the mode %v (%v), want %v and %v: %s", p, info.ModTime, info.Mode, err, at, mode, rule)
			}
			for _, info := range must(listAll(ctx, f, p.Dir())) {
				if info.Name == p.Base() && (!info.ModTime.Equal(at) || info.Mode != fs.ModeDir|mode) {
					t.Errorf("%q is listed with the time %v and the mode %v, want %v and %v: %s", p, info.ModTime, info.Mode, at, mode, rule)
				}
			}
		}
		kept := map[string]string{
			"Content-Type": "application/directory; charset=utf-8", "Content-Disposition": "attachment", "X-Object-Meta-Colour": "blue",
		}
		put("marker", kept)
		put("slash/", map[string]string{"Content-Type": "application/octet-stream"})
		put("prefix/file", map[string]string{"Content-Type": "text/plain"})
		put("deep/prefix/file", map[string]string{"Content-Type": "text/plain"})
		if err := f.Mkdir(ctx, dir.Join("made")); err != nil {
			t.Fatal(err)
		}
		_, err := f.client.Send(ctx, api.Request{
			Method: http.MethodPost, Target: api.Name{Container: dir.Base()}, Header: map[string]string{"X-Container-Meta-Colour": "blue"},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []vfs.Path{dir, dir.Join("marker"), dir.Join("slash"), dir.Join("prefix"), dir.Join("deep").Join("prefix"), dir.Join("made")} {
			must(listAll(ctx, f, p.Dir())) // fills the cache with the old attributes
			if err := f.SetAttrs(ctx, p, vfs.Attrs{ModTime: &at}); err != nil {
				t.Errorf("SetAttrs(%q): %v", p, err)
			}
			if err := f.SetAttrs(ctx, p, vfs.Attrs{Mode: &mode}); err != nil {
				t.Errorf("SetAttrs(%q): %v", p, err)
			}
			has(p, "it was set")
		}
		header := must(f.client.Head(ctx, api.Name{Account: "", Container: dir.Base(), Object: "marker"})).Header
		for key, want := range kept {
			if got := strings.ReplaceAll(header.Get(key), "; ", ";"); got != strings.ReplaceAll(want, "; ", ";") {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if got := f.headersOf(t, dir.Base()).Get("X-Container-Meta-Colour"); got != "blue" {
			t.Errorf("the metadata of the container is %q, want %q", got, "blue")
		}
		for _, base := range []string{"marker", "slash", "prefix", "made"} {
			if err := f.Rename(ctx, dir.Join(base), dir.Join(base+"2"), vfs.RenameOptions{}); err != nil {
				t.Errorf("Rename(%q): %v", base, err)
			}
			has(dir.Join(base+"2"), "it was renamed")
		}
		// A directory that was never given a time keeps the time of its creation too.
		put("foreign", map[string]string{"Content-Type": "application/directory"})
		made := must(f.Stat(ctx, dir.Join("foreign"))).ModTime
		if err := f.Rename(ctx, dir.Join("foreign"), dir.Join("foreign2"), vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := must(f.Stat(ctx, dir.Join("foreign2"))).ModTime; !got.Equal(made) {
			t.Errorf("a directory without metadata has the time %v after its rename, want %v", got, made)
		}
		if err := f.Rmdir(ctx, dir.Join("marker2")); err != nil {
			t.Error(err)
		}
	}
	t.Run("fake", func(t *testing.T) { run(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { run(t, realSwift(t)) })
}

// TestTimeOfSharedContainer sets the time of a container that a guest may write to: nothing is
// changed, and there is no error.
func TestTimeOfSharedContainer(t *testing.T) {
	a := accountIn(swifttest.Start(t, swifttest.Config{}))
	owner, guest := openFS(t, a, nil), openFS(t, a.other(), nil)
	dir := makeContainer(t, owner)
	owner.share(t, dir.Base(), true, true)
	if err := guest.SetAttrs(t.Context(), vfs.Path("/@"+owner.client.Account).Under(dir), vfs.Attrs{ModTime: new(time.Unix(1, 0))}); err != nil {
		t.Error(err)
	}
}
