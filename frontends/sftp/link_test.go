package sftp_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// linked is a store with a file and links to it.
func linked(t *testing.T) *memfs.FS {
	t.Helper()
	store := memfs.New()
	frontendtest.Write(t, store, "/d/", nil)
	frontendtest.Write(t, store, "/d/file", []byte("the content"))
	for name, target := range map[vfs.Path]vfs.Path{"/link": "/d/file", "/d/link": "/d/file", "/d/dangling": "/d/none"} {
		if err := store.Symlink(t.Context(), target, name); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func wantLink(t *testing.T, store *memfs.FS, name, want vfs.Path) {
	t.Helper()
	if target, err := store.Readlink(t.Context(), name); err != nil || target != want {
		t.Errorf("%s leads to %q, %v; want %q", name, target, err, want)
	}
}

// TestOpenSSHLinks holds what row K6 says of links: they are made, shown, followed and removed by
// OpenSSH's sftp.
func TestOpenSSHLinks(t *testing.T) {
	store := linked(t)
	srv := start(t, store)
	dir := t.TempDir()
	writeLocal(t, dir, "new", []byte("written through a link"))
	r := batch(t, srv, dir, "cd d\nln -s file made\nln -s ../d/file round\nln -s /d/file absolute\nls -l\nget link\nget made\nput new link\nrm round\nrename made moved\nget dangling gone\n")
	if r.Status == 0 || !strings.HasSuffix(r.Stdout, "get dangling gone\n") || !strings.Contains(r.Stderr, "No such file") {
		t.Errorf("status %d, %q: the last command gets a link that leads to nothing, and the others go well", r.Status, r.Stderr)
	}
	for _, name := range []string{"link", "dangling", "made", "round", "absolute"} {
		if !strings.Contains(r.Stdout, "\nlrwxrwxrwx") || !strings.Contains(r.Stdout, " "+name+"\n") {
			t.Errorf("%s is not listed as a link:\n%s", name, r.Stdout)
		}
	}
	wantLocal(t, dir, "link", []byte("the content"))
	wantLocal(t, dir, "made", []byte("the content"))
	if got := frontendtest.Read(t, store, "/d/file"); string(got) != "written through a link" {
		t.Errorf("the file is %q after a put to a link", got)
	}
	wantLink(t, store, "/d/link", "/d/file")
	wantLink(t, store, "/d/absolute", "/d/file")
	wantLink(t, store, "/d/moved", "/d/file")
	if _, err := store.Lstat(t.Context(), "/d/round"); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("the removed link: %v", err)
	}
}

// What a link leads to is told from where it is, whatever it was made with.
func TestReadlink(t *testing.T) {
	store := linked(t)
	if err := store.Symlink(t.Context(), "/link", "/d/up"); err != nil {
		t.Fatal(err)
	}
	c := mustDial(t, start(t, store))
	for _, target := range []string{"/d/file", "d/file", "./d/../d/file"} {
		if err := c.sftp.Symlink(target, "/made"); err != nil {
			t.Fatal(err)
		}
		if got, err := c.sftp.ReadLink("/made"); err != nil || got != "d/file" {
			t.Errorf("a link made to %q reads %q, %v; want d/file", target, got, err)
		}
		wantLink(t, store, "/made", "/d/file")
		if err := c.sftp.Remove("/made"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"/link": "d/file", "/d/link": "file", "/d/dangling": "none", "/d/up": "../link"} {
		if got, err := c.sftp.ReadLink(name); err != nil || got != want {
			t.Errorf("%s reads %q, %v; want %q", name, got, err, want)
		}
	}
	if err := c.sftp.Symlink("../../etc/passwd", "/d/out"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a link out of what the client sees: %v", err)
	}
}

// On a mounted server the kernel follows the links, by what it is told that they lead to. (With
// ".." in that, sshfs wants to be told no_contain_symlinks, or follow_symlinks.)
func TestSSHFSLinks(t *testing.T) {
	store := linked(t)
	mnt := frontendtest.SSHFS(t, start(t, store))
	p := func(name string) string { return filepath.Join(mnt, name) }
	for _, name := range []string{"link", "d/link"} {
		if got, err := os.ReadFile(p(name)); err != nil || string(got) != "the content" {
			t.Errorf("%s reads %q, %v", name, got, err)
		}
	}
	if err := os.Symlink("../d/file", p("d/made")); err != nil {
		t.Fatal(err)
	}
	wantLink(t, store, "/d/made", "/d/file")
	if target, err := os.Readlink(p("d/made")); err != nil || target != "file" {
		t.Errorf("it reads %q, %v", target, err)
	}
	if info, err := os.Lstat(p("d/dangling")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("Lstat of a link that leads to nothing: %v, %v", info, err)
	}
	if _, err := os.Stat(p("d/dangling")); !os.IsNotExist(err) {
		t.Errorf("Stat of it: %v", err)
	}
	if err := os.Remove(p("d/made")); err != nil {
		t.Error(err)
	}
	if got := frontendtest.Read(t, store, "/d/file"); string(got) != "the content" {
		t.Errorf("the file is %q after a link to it was removed", got)
	}
}
