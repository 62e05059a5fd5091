package local_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/core/vfs"
)

var create = vfs.WriteOptions{Create: true, Truncate: true}

// put writes a file through the store.
func put(t *testing.T, fsys vfs.FS, name vfs.Path, content string, opts vfs.WriteOptions) error {
	t.Helper()
	w, err := fsys.OpenWriter(t.Context(), name, opts)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewBufferString(content)); err != nil {
		return err
	}
	_, err = w.Commit(t.Context())
	return err
}

// get reads a file through the store.
func get(t *testing.T, fsys vfs.FS, name vfs.Path) (string, error) {
	t.Helper()
	f, err := fsys.Open(t.Context(), name, vfs.OpenOptions{})
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b bytes.Buffer
	_, err = f.WriteTo(&b)
	return b.String(), err
}

// names are the names in a directory as a client sees them.
func names(t *testing.T, fsys vfs.FS, name vfs.Path) []string {
	t.Helper()
	l, err := fsys.List(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var all []string
	for {
		page, err := l.Next(t.Context())
		if err != nil {
			return all
		}
		for _, info := range page {
			all = append(all, info.Name)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Links that lead out of the directory give nothing away, and let nothing through.
func TestLinksOut(t *testing.T) {
	outside := t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644))
	must(t, os.Mkdir(filepath.Join(outside, "empty"), 0o755))

	for name, target := range map[string]func(root string) string{
		"absolute": func(string) string { return outside },
		"relative": func(root string) string { return relative(t, root, outside) },
		"by way of another": func(root string) string {
			return "up/" + relative(t, filepath.Dir(root), outside)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			must(t, os.WriteFile(filepath.Join(root, "mine"), []byte("mine"), 0o644))
			must(t, os.Symlink("..", filepath.Join(root, "up")))
			must(t, os.Symlink(target(root), filepath.Join(root, "out")))
			must(t, os.Symlink(target(root)+"/secret", filepath.Join(root, "file")))
			fsys, ctx := open(t, root), t.Context()
			mode := os.FileMode(0o777)

			for what, err := range map[string]error{
				"Stat":             second(fsys.Stat(ctx, "/out/secret")),
				"Stat of the link": second(fsys.Stat(ctx, "/out")),
				"List":             second(fsys.List(ctx, "/out")),
				"Open":             second(fsys.Open(ctx, "/out/secret", vfs.OpenOptions{})),
				"Open of the link": second(fsys.Open(ctx, "/file", vfs.OpenOptions{})),
				"OpenWriter":       put(t, fsys, "/out/secret", "changed", create),
				"OpenWriter new":   put(t, fsys, "/out/new", "new", create),
				"write the link":   put(t, fsys, "/file", "changed", create),
				"change the link":  put(t, fsys, "/file", "changed", vfs.WriteOptions{}),
				"Mkdir":            fsys.Mkdir(ctx, "/out/dir"),
				"Remove":           fsys.Remove(ctx, "/out/secret"),
				"Rmdir":            fsys.Rmdir(ctx, "/out/empty"),
				"Rename from":      fsys.Rename(ctx, "/out/secret", "/got", vfs.RenameOptions{}),
				"Rename to":        fsys.Rename(ctx, "/mine", "/out/mine", vfs.RenameOptions{}),
				"SetAttrs":         vfs.SetAttrs(ctx, fsys, "/out/secret", vfs.Attrs{Mode: &mode}),
				"StatSpace":        second(vfs.StatSpace(ctx, fsys, "/out")),
				"Lstat":            second(vfs.Lstat(ctx, fsys, "/out/secret")),
				"Readlink":         second(vfs.Readlink(ctx, fsys, "/out")),
				"Symlink":          vfs.Symlink(ctx, fsys, "/mine", "/out/link"),
			} {
				if vfs.Kind(err) != vfs.ErrPermission {
					t.Errorf("%s through a link that leads out: %v, want ErrPermission", what, err)
				}
			}
			if got, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(got) != "secret" {
				t.Errorf("the file outside is now %q, %v", got, err)
			}
			if entries, err := os.ReadDir(outside); err != nil || len(entries) != 2 {
				t.Errorf("outside there are now %v, %v", entries, err)
			}
			for _, entry := range names(t, fsys, "/") {
				if entry == "out" || entry == "file" || entry == "up" {
					t.Errorf("%q is listed, and yet cannot be reached", entry)
				}
			}
			must(t, fsys.Remove(ctx, "/out")) // the link itself is in the directory, and can go
		})
	}
}

func relative(t *testing.T, from, to string) string {
	t.Helper()
	rel, err := filepath.Rel(from, to)
	must(t, err)
	return rel
}

func second[T any](_ T, err error) error { return err }

func TestLinksInside(t *testing.T) {
	root := t.TempDir()
	must(t, os.Mkdir(filepath.Join(root, "dir"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "dir", "file"), []byte("content"), 0o644))
	must(t, os.Symlink("dir", filepath.Join(root, "todir")))
	must(t, os.Symlink("dir/file", filepath.Join(root, "tofile")))
	must(t, os.Symlink("nowhere", filepath.Join(root, "broken")))
	must(t, os.Symlink("loop", filepath.Join(root, "loop")))
	fsys := open(t, root)

	for _, name := range []vfs.Path{"/tofile", "/todir/file"} {
		if got, err := get(t, fsys, name); got != "content" || err != nil {
			t.Errorf("%s reads %q, %v; a link inside is followed", name, got, err)
		}
	}
	if info, err := fsys.Stat(t.Context(), "/todir"); err != nil || !info.IsDir() || info.Name != "todir" {
		t.Errorf("Stat of a link to a directory is %+v, %v", info, err)
	}
	must(t, put(t, fsys, "/todir/new", "new", create))
	if got, err := os.ReadFile(filepath.Join(root, "dir", "new")); string(got) != "new" || err != nil {
		t.Errorf("a file written through a linked directory reads %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"broken", "dir", "loop", "tofile", "todir"}, names(t, fsys, "/"), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	// By way of a link, ".." is where that leads.
	must(t, os.Mkdir(filepath.Join(root, "dir", "deep"), 0o755))
	must(t, os.Symlink("dir/deep", filepath.Join(root, "todeep")))
	must(t, os.Symlink("todeep/../file", filepath.Join(root, "round")))
	links := fsys.(vfs.LinkFS)
	if target, err := links.Readlink(t.Context(), "/round"); err != nil || target != "/dir/file" {
		t.Errorf("Readlink is %q, %v; want /dir/file", target, err)
	}
	must(t, links.Symlink(t.Context(), "/dir/file", "/todeep/made"))
	if text, err := os.Readlink(filepath.Join(root, "dir", "deep", "made")); err != nil || text != "../file" {
		t.Errorf("the link on the disk is %q, %v; want ../file", text, err)
	}
	if _, err := fsys.Stat(t.Context(), "/broken"); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("Stat of a broken link: %v, want ErrNotExist", err)
	}
	if _, err := fsys.Stat(t.Context(), "/loop"); vfs.Kind(err) == nil {
		t.Errorf("Stat of a link to itself: %v, want one of the set", err)
	}
}

func TestWritingThroughALink(t *testing.T) {
	root := t.TempDir()
	must(t, os.WriteFile(filepath.Join(root, "target"), []byte("old"), 0o644))
	must(t, os.Symlink("target", filepath.Join(root, "link")))
	fsys := open(t, root)
	must(t, put(t, fsys, "/link", "new", create))
	if got, err := get(t, fsys, "/link"); got != "new" || err != nil {
		t.Errorf("the link reads %q, %v", got, err)
	}
	if got, err := get(t, fsys, "/target"); got != "new" || err != nil {
		t.Errorf("what the link points to reads %q, %v", got, err)
	}
	if text, err := os.Readlink(filepath.Join(root, "link")); err != nil || text != "target" {
		t.Errorf("the link is %q, %v; want it as it was", text, err)
	}
}

func TestExclusiveDoesNotReplaceABrokenLink(t *testing.T) {
	root := t.TempDir()
	must(t, os.Symlink("nowhere", filepath.Join(root, "link")))
	err := put(t, open(t, root), "/link", "new", vfs.WriteOptions{Create: true, Exclusive: true})
	if vfs.Kind(err) != vfs.ErrExist {
		t.Errorf("writing it: %v, want ErrExist", err)
	}
	if _, err := os.Readlink(filepath.Join(root, "link")); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
}

// A pipe without a writer would hold whoever opens it for ever.
func TestSpecialFiles(t *testing.T) {
	root := t.TempDir()
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644))
	fsys := open(t, root)
	if _, err := get(t, fsys, "/pipe"); vfs.Kind(err) != vfs.ErrUnsupported {
		t.Errorf("reading a pipe: %v, want ErrUnsupported", err)
	}
	if err := put(t, fsys, "/pipe", "x", create); vfs.Kind(err) != vfs.ErrUnsupported {
		t.Errorf("writing a pipe: %v, want ErrUnsupported", err)
	}
	if info, err := fsys.Stat(t.Context(), "/pipe"); err != nil || info.Mode.IsRegular() || info.IsDir() {
		t.Errorf("Stat of a pipe is %+v, %v", info, err)
	}
	must(t, fsys.Remove(t.Context(), "/pipe"))
}
