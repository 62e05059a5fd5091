package local_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"filegate/core/vfs"
)

// inHome is a store seen from the home directory /alice, beside which bob has a secret.
func inHome(t *testing.T) (fsys vfs.FS, root string) {
	t.Helper()
	root = t.TempDir()
	for _, dir := range []string{"alice/a/b/c", "bob"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(root, "bob/secret"), []byte("secret"), 0o644))
	fsys, at := vfs.InHome(open(t, root), "/alice")
	if at != vfs.Root {
		t.Fatalf("the home is at %q", at)
	}
	t.Cleanup(func() { must(t, fsys.(io.Closer).Close()) })
	return fsys, root
}

// TestHomeEscape is that no link leads out of a home, however it came to lead there.
func TestHomeEscape(t *testing.T) {
	for name, lead := range map[string]func(fsys vfs.FS, root string) error{
		"made outside": func(_ vfs.FS, root string) error {
			return os.Symlink("../bob", filepath.Join(root, "alice/way"))
		},
		"by two links": func(_ vfs.FS, root string) error {
			if err := os.Symlink("..", filepath.Join(root, "alice/up")); err != nil {
				return err
			}
			return os.Symlink("up/bob", filepath.Join(root, "alice/way"))
		},
		"moved up": func(fsys vfs.FS, root string) error {
			if err := os.Symlink("../../bob", filepath.Join(root, "alice/a/b/way")); err != nil {
				return err
			}
			return fsys.Rename(t.Context(), "/a/b/way", "/way", vfs.RenameOptions{})
		},
		"its directory moved": func(fsys vfs.FS, root string) error {
			if err := os.Symlink("../../bob", filepath.Join(root, "alice/a/b/way")); err != nil {
				return err
			}
			if err := fsys.Rename(t.Context(), "/a/b", "/b", vfs.RenameOptions{}); err != nil {
				return err
			}
			return fsys.Rename(t.Context(), "/b/way", "/way", vfs.RenameOptions{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys, root := inHome(t)
			must(t, lead(fsys, root))
			if got, err := get(t, fsys, "/way/secret"); err == nil {
				t.Errorf("read %q", got)
			}
			if err := put(t, fsys, "/way/new", "new", create); err == nil {
				t.Error("written through the link")
			}
			if _, err := fsys.List(t.Context(), "/way"); err == nil {
				t.Error("listed through the link")
			}
			if entries, _ := os.ReadDir(filepath.Join(root, "bob")); len(entries) != 1 {
				t.Errorf("bob has %v", entries)
			}
		})
	}
}

// TestMovedLink is that links go on leading where they led, when they or the directory that they
// are in is moved.
func TestMovedLink(t *testing.T) {
	for _, tt := range []struct {
		target, link, from, to, now vfs.Path
		want                        string
	}{
		{"/file", "/a/b/link", "/a/b/link", "/link", "/link", "file"},
		{"/file", "/link", "/link", "/a/b/c/link", "/a/b/c/link", "file"},
		{"/file", "/a/b/c/link", "/a/b", "/b", "/b/c/link", "file"},
		{"/a/b/inner", "/a/b/c/link", "/a/b", "/moved", "/moved/c/link", "inner"},
		{"/a/b/inner", "/a/b/c/link", "/a", "/z", "/z/b/c/link", "inner"},
	} {
		fsys, _ := inHome(t)
		must(t, put(t, fsys, "/file", "file", create))
		must(t, put(t, fsys, "/a/b/inner", "inner", create))
		must(t, vfs.Symlink(t.Context(), fsys, tt.target, tt.link))
		must(t, fsys.Rename(t.Context(), tt.from, tt.to, vfs.RenameOptions{}))
		if got, err := get(t, fsys, tt.now); err != nil || got != tt.want {
			t.Errorf("a link from %s to %s, after %s became %s: %q, %v", tt.link, tt.target, tt.from, tt.to, got, err)
		}
	}
}

// TestHomeComesLater is a home that is made while its session is there.
func TestHomeComesLater(t *testing.T) {
	fsys, _ := vfs.InHome(open(t, t.TempDir()), "/carol")
	t.Cleanup(func() { must(t, fsys.(io.Closer).Close()) })
	if err := put(t, fsys, "/file", "x", create); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("before it is there: %v", err)
	}
	must(t, fsys.Mkdir(t.Context(), "/"))
	must(t, put(t, fsys, "/file", "x", create))
}
