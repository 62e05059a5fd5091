package swift

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestMissingParent creates entries in a directory that does not exist, in all ways: nothing is
// created. A directory that is only a prefix exists.
func TestMissingParent(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f.putObject(t, "file", []byte("content"), nil)
	f.putObject(t, "tree/x", []byte("x"), nil)
	makes := map[string]func(p vfs.Path) error{
		"a put": func(p vfs.Path) error {
			w, err := f.OpenWriter(ctx, p, replace)
			if err == nil {
				defer w.Close()
				_, err = w.Commit(ctx)
			}
			return err
		},
		"a mkdir":              func(p vfs.Path) error { return f.Mkdir(ctx, p) },
		"a copy":               func(p vfs.Path) error { return f.Copy(ctx, "/c/file", p, vfs.CopyOptions{}) },
		"a symlink":            func(p vfs.Path) error { return f.Symlink(ctx, "/c/file", p) },
		"a directory's rename": func(p vfs.Path) error { return f.Rename(ctx, "/c/tree", p, vfs.RenameOptions{}) },
		"a rename":             func(p vfs.Path) error { return f.Rename(ctx, "/c/file", p, vfs.RenameOptions{Replace: true}) },
	}
	for what, makeIt := range makes {
		f.forget()
		if err := makeIt("/c/no/such/thing"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("%s in a missing directory: %v, want %v", what, err, vfs.ErrNotExist)
		}
		if err := makeIt("/c/file/thing"); !errors.Is(err, vfs.ErrNotDir) && !errors.Is(err, vfs.ErrInvalidName) {
			t.Errorf("%s below a file: %v, want %v", what, err, vfs.ErrNotDir)
		}
	}
	sees(t, f, "/c", "all was refused", "file", "tree/")
	for _, what := range []string{"a put", "a mkdir", "a copy", "a symlink", "a directory's rename", "a rename"} {
		f.forget()
		f.putObject(t, "prefix/x", []byte("x"), nil)
		if err := makes[what](vfs.Path("/c/prefix").Join(what)); err != nil {
			t.Errorf("%s in a directory that is a prefix: %v", what, err)
		}
	}
}

// TestImplicitDirectories creates entries in missing directories, and removes them: the directories
// were created, and stay.
func TestImplicitDirectories(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ImplicitDirectories = true })
	ctx := t.Context()
	write := func(p vfs.Path) {
		t.Helper()
		w, err := f.OpenWriter(ctx, p, replace)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if _, err := w.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	write("/c/a/b/file")
	if err := f.Mkdir(ctx, "/c/d/e/f"); err != nil {
		t.Fatal(err)
	}
	if err := f.Rename(ctx, "/c/a/b/file", "/c/g/h/file", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []vfs.Path{"/c/a/b", "/c/d/e", "/c/g/h"} {
		sees(t, f, p.Dir(), "missing directories were made", p.Base()+"/")
	}
	if w, err := f.OpenWriter(ctx, "/c/none/file", replace); err != nil {
		t.Error(err)
	} else {
		w.Close()
	}
	if _, err := f.Stat(ctx, "/c/none"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("an upload that was given up made a directory: %v", err)
	}
	if err := f.Mkdir(ctx, "/none/a/b"); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("a mkdir in a container that is missing: %v, want %v", err, vfs.ErrNotExist)
	}
}

// TestParentUnseen puts a file where the login may write but not read: the directory is taken to
// exist.
func TestParentUnseen(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{Op: swifttest.HeadObject, Object: "drop", Fault: swifttest.Fault{Status: http.StatusForbidden}})
	if err := f.checkDir(t.Context(), api.Name{Container: "c", Object: "drop"}); err != nil {
		t.Errorf("where the login may not ask: %v", err)
	}
}

// TestParentCosts counts the requests that find out whether a directory exists: the first file
// takes some, later ones none.
func TestParentCosts(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.putObject(t, "dir/x", []byte("x"), nil)
	f.forgetChanges() // so that the write log causes no requests
	f.forget()
	if _, err := f.client.Limits(t.Context()); err != nil { // they are requested once
		t.Fatal(err)
	}
	asked := func(p vfs.Path) int {
		f.srv.ForgetRequests()
		if err := f.checkDir(t.Context(), api.Name{Container: "c", Object: string(p)}); err != nil {
			t.Fatal(err)
		}
		return len(f.srv.Requests())
	}
	if n := asked("dir"); n != 2 {
		t.Errorf("%d requests for a directory that is a prefix, want a HEAD and a listing", n)
	}
	if n := asked("dir"); n != 0 {
		t.Errorf("%d requests for a directory that is known, want none", n)
	}
	other := openFS(t, accountIn(f.srv), nil)
	other.backend = f.backend
	if err := other.Remove(t.Context(), "/c/dir/x"); err != nil {
		t.Fatal(err)
	}
	if err := other.Rmdir(t.Context(), "/c/dir"); err != nil {
		t.Fatal(err)
	}
	if err := f.checkDir(t.Context(), api.Name{Container: "c", Object: "dir"}); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("a directory that another session of the gateway has removed: %v, want %v", err, vfs.ErrNotExist)
	}
}

// TestDirectoryStays empties directories that are only prefixes, the deepest first, and by several
// clients at once.
func TestDirectoryStays(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	ctx := t.Context()
	f.putObject(t, "v/w/a", []byte("a"), nil)
	f.putObject(t, "v/w/b", []byte("b"), nil)
	f.putObject(t, "v/w/c", []byte("c"), nil)
	if err := f.Rename(ctx, "/c/v/w/a", "/c/a", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.srv.ForgetRequests()
	for _, p := range []vfs.Path{"/c/v/w/b", "/c/v/w/c"} {
		if err := f.Remove(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.srv.Count(swifttest.HeadObject) + f.srv.Count(swifttest.ListContainer) + f.srv.Count(swifttest.PutObject); n != 2 {
		t.Errorf("%d requests beside the deletions of two files, want the HEAD of each: the directory is known to stay", n)
	}
	sees(t, f, "/c/v/w", "all its files went")
	for _, p := range []vfs.Path{"/c/v/w", "/c/v"} {
		if err := f.Rmdir(ctx, p); err != nil {
			t.Errorf("rmdir of %s: %v", p, err)
		}
	}
	sees(t, f, "/c", "all directories were removed", "a")

	for _, x := range []string{"p", "q", "r", "s"} {
		f.putObject(t, "m/n/"+x, []byte(x), nil)
	}
	var clients sync.WaitGroup
	for _, x := range []string{"p", "q", "r", "s"} {
		other := openFS(t, accountIn(f.srv), nil)
		clients.Go(func() {
			if err := other.Remove(ctx, vfs.Path("/c/m/n/"+x)); err != nil {
				t.Errorf("removing %s: %v", x, err)
			}
		})
	}
	clients.Wait()
	for _, p := range []vfs.Path{"/c/m/n", "/c/m"} {
		if err := f.Rmdir(ctx, p); err != nil {
			t.Errorf("rmdir of %s behind four clients: %v", p, err)
		}
	}
	sees(t, f, "/c", "all directories were removed", "a")
}
