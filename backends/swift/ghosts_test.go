package swift

import (
	"errors"
	"slices"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestGhosts has rows of listings whose objects are gone. They are not shown, can be removed like
// files, and do not prevent the removal or rename of a directory or container.
func TestGhosts(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	for _, d := range []vfs.Path{"/c/d", "/c/d/made", "/c/e"} {
		if err := f.Mkdir(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	for _, object := range []string{"d/x", "d/y", "d/z", "d/prefix/a", "d/prefix/b", "e/gone", "top"} {
		f.putRaw(t, vfs.Path("/c/"+object), []byte("x"), nil, nil)
	}
	f.srv.Lose("c", "d/x", "d/y", "d/prefix/a", "d/prefix/b", "d/made", "e/gone", "top")
	if got, want := listNames(t, f, "/c/d"), []string{"made/", "prefix/", "z"}; !slices.Equal(got, want) {
		t.Errorf("listed are %q, want %q", got, want)
	}
	if err := f.Remove(t.Context(), "/c/d/x"); err != nil {
		t.Errorf("removing what is listed: %v", err)
	}
	if err := f.Remove(t.Context(), "/c/d/x"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("removing it again: %v, want %v", err, vfs.ErrNotExist)
	}
	if err := f.Remove(t.Context(), "/c/d/prefi"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("removing the beginning of a name: %v, want %v", err, vfs.ErrNotExist)
	}
	for _, d := range []vfs.Path{"/c/d/prefix", "/c/d/made"} {
		if err := f.Rmdir(t.Context(), d); err != nil {
			t.Errorf("removing %q, which has nothing but rows: %v", d, err)
		}
	}
	if err := f.Rmdir(t.Context(), "/c/d"); !errors.Is(err, vfs.ErrNotEmpty) {
		t.Errorf("a directory with a file and rows without one: %v, want %v", err, vfs.ErrNotEmpty)
	}
	if err := f.Remove(t.Context(), "/c/d/z"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Rmdir(t.Context(), "/c/d"), f.Rename(t.Context(), "/c/e", "/c/f", vfs.RenameOptions{})); err != nil {
		t.Error(err)
	}
	if got, want := f.objectsIn(t, "c"), []string{"f", "top"}; !slices.Equal(got, want) {
		t.Errorf("the container lists %q, want %q", got, want)
	}
	if err := f.Rmdir(t.Context(), "/c/f"); err != nil {
		t.Fatal(err)
	}
	if err := f.Rmdir(t.Context(), "/c"); err != nil {
		t.Errorf("removing a container that has nothing but a row: %v", err)
	}
}

// TestGhostDirectoryOfThousands removes a directory of many rows without objects, and finds the one
// object after them.
func TestGhostDirectoryOfThousands(t *testing.T) {
	f := newFake(t, swifttest.Limits{ListingLimit: 100}, nil)
	var names []string
	for i := range 350 {
		p := vfsPath("/c/d/%04d", i)
		f.putRaw(t, p, []byte("x"), nil, nil)
		names = append(names, string(p[3:]))
	}
	f.srv.Lose("c", names[:349]...)
	if err := f.Rmdir(t.Context(), "/c/d"); !errors.Is(err, vfs.ErrNotEmpty) {
		t.Errorf("a directory with one file behind many rows: %v, want %v", err, vfs.ErrNotEmpty)
	}
	f.has(t, "/c/d/0349", []byte("x"), "it is a file")
	f.srv.Lose("c", names[349])
	if err := f.Rmdir(t.Context(), "/c/d"); err != nil {
		t.Error(err)
	}
	if left := f.objectsIn(t, "c"); len(left) > 0 {
		t.Errorf("%q are still listed", left)
	}
}

// TestManifestWithoutSegments has the manifest of a dynamic large object whose container for
// segments is missing. Swift answers as if the manifest were missing too, but it is listed, and
// Rmdir does not remove it.
func TestManifestWithoutSegments(t *testing.T) {
	test := func(t *testing.T, a account) {
		f := openFS(t, a, nil)
		top := makeContainer(t, f)
		f.putRaw(t, top+"/d/manifest", nil, nil, map[string]string{"X-Object-Manifest": "no-such-container/x/"})
		f.forgetChanges()
		sees(t, f, top+"/d", "at first", "manifest")
		if err := f.Rmdir(t.Context(), top+"/d"); !errors.Is(err, vfs.ErrNotEmpty) {
			t.Errorf("Rmdir: %v, want %v", err, vfs.ErrNotEmpty)
		}
		sees(t, f, top+"/d", "after rmdir", "manifest")
	}
	t.Run("fake", func(t *testing.T) { test(t, accountIn(swifttest.Start(t, swifttest.Config{}))) })
	t.Run("real", func(t *testing.T) { test(t, realSwift(t)) })
}
