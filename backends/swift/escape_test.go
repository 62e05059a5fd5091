package swift

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// oddObjects are names that cannot be paths without escaping, or are unusual.
var oddObjects = []string{
	"a//b", "a///b", "/lead", "//lead", ".../x", "a/..b", "d/", "d/e", "%", "%/x", "%.", "%%", "a%", "%2F",
	"nl\nx", "cr\rx", "tab\tx", "\u2028", "bell\a", "esc\x1b[31m", " lead", "trail ", "x/ /y", "ünï/日本", "@AUTH_x/a", ".versions/a", "?q", "#f", "a+b", "a&b=c", "\\back",
}

// TestOddNames has objects with odd names: each is listed, and each path is that of exactly one
// object.
func TestOddNames(t *testing.T) {
	run := func(t *testing.T, f *FS, dir vfs.Path) {
		put := func(object string) {
			t.Helper()
			n := api.Name{Container: dir.Base()}.With(object)
			body := api.Pieces{[]byte("content of " + object)}
			_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: n, Body: body.Reader(), Length: body.Len(), Header: map[string]string{"Content-Type": "text/plain"}})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, object := range oddObjects {
			put(object)
		}
		found := map[string]vfs.Path{}
		var walk func(vfs.Path)
		walk = func(dir vfs.Path) {
			for _, info := range vfstest.List(t, f, dir) {
				p := dir.Join(info.Name)
				if stat, err := f.Stat(t.Context(), p); err != nil || stat.IsDir() != info.IsDir() || stat.Size != info.Size {
					t.Errorf("Stat(%q) is %+v, %v, and it is listed as %+v", p, stat, err, info)
				}
				if info.IsDir() {
					walk(p)
					continue
				}
				content := string(readAll(t, f, p))
				if at, twice := found[content]; twice {
					t.Errorf("%q and %q are the same object", at, p)
				}
				found[content] = p
				if clean, err := vfs.Resolve(vfs.Root, p.ToClient()); err != nil || clean != p {
					t.Errorf("%q is %q to a client: %v", p, clean, err)
				}
			}
		}
		walk(dir)
		// Entries below the name of a file are reached by their own paths (row C12).
		below := map[string]vfs.Path{}
		for _, object := range oddObjects {
			elements := strings.Split(object, "/")
			for i, e := range elements {
				elements[i] = api.EscapeElement(e, false)
			}
			p := dir
			for _, e := range elements {
				p = p.Join(e)
			}
			below[object] = p
			if got := string(readAll(t, f, p)); got != "content of "+object {
				t.Errorf("%q should be %q, and leads to %q", p, object, got)
			}
			if at, ok := found["content of "+object]; ok && at != p {
				t.Errorf("%q is listed as %q, want %q", object, at, p)
			}
		}
		for _, object := range []string{"a//b", "/lead", "a/..b", "d/", "%", "nl\nx", "x/ /y"} {
			if _, ok := found["content of "+object]; !ok {
				t.Errorf("%q is not listed", object)
			}
		}
		// Each is removed by its path, and nothing else is removed.
		for i, object := range oddObjects {
			if err := f.Remove(t.Context(), below[object]); err != nil {
				t.Errorf("removing %q: %v", below[object], err)
			}
			for _, other := range oddObjects[i+1:] {
				if _, err := f.client.Head(t.Context(), api.Name{Container: dir.Base()}.With(other)); err != nil {
					t.Fatalf("removing %q removed %q: %v", object, other, err)
				}
			}
		}
		for _, p := range []vfs.Path{"/%", "/x/%"} {
			if err := f.Mkdir(t.Context(), dir+p); !errors.Is(err, vfs.ErrInvalidName) {
				t.Errorf("Mkdir(%q): %v", dir+p, err)
			}
			if _, err := f.OpenWriter(t.Context(), dir+p, replace); !errors.Is(err, vfs.ErrInvalidName) {
				t.Errorf("OpenWriter(%q): %v", dir+p, err)
			}
		}
		if _, err := f.Stat(t.Context(), dir+"/%"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("Stat of an empty name: %v", err)
		}
	}
	t.Run("fake", func(t *testing.T) {
		f := newFake(t, swifttest.Limits{ListingLimit: 7}, nil)
		run(t, f.FS, f.dir)
	})
	t.Run("real", func(t *testing.T) {
		f := openFS(t, realSwift(t), nil)
		run(t, f, makeContainer(t, f))
	})
}

// TestOddContainers uses containers whose names look like something else.
func TestOddContainers(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	for _, p := range []vfs.Path{"/%@AUTH_x", "/%%"} {
		if err := f.Mkdir(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, p.Join("file"), []byte(p))
	}
	var containers []string
	page, err := f.lists.List(t.Context(), api.Name{}, listing.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page {
		containers = append(containers, e.Name)
	}
	if want := []string{"%", "@AUTH_x", "c"}; !slices.Equal(containers, want) {
		t.Errorf("the containers are %q, want %q", containers, want)
	}
	for _, info := range vfstest.List(t, f, "/") {
		if p := vfs.Root.Join(info.Name); p != "/c" {
			f.has(t, p.Join("file"), []byte(p), "it is listed so")
		}
	}
}

// TestRenameOddDirectory moves the entries below an empty name.
func TestRenameOddDirectory(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/%/a", []byte("a"))
	f.mustWrite(t, "/c/%/%/b", []byte("b"))
	if err := f.Rename(t.Context(), "/c/%", "/c/new", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/new/a", []byte("a"), "its directory was renamed")
	f.has(t, "/c/new/%/b", []byte("b"), "its directory was renamed")
	if got, want := f.objectsIn(t, "c"), []string{"new", "new//b", "new/a"}; !slices.Equal(got, want) {
		t.Errorf("the objects are %q, want %q", got, want)
	}
	if err := f.Rename(context.WithoutCancel(t.Context()), "/c/new", "/c/%", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrInvalidName) {
		t.Errorf("a directory got an empty name: %v", err)
	}
}
