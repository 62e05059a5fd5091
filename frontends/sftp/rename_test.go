package sftp_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// wantFile checks what a file of the store has.
func wantFile(t *testing.T, store vfs.FS, name vfs.Path, want string) {
	t.Helper()
	if got := string(frontendtest.Read(t, store, name)); got != want {
		t.Errorf("%s has %q, want %q", name, got, want)
	}
}

// newTree has directories that end in a slash, and files with their own names in them.
func newTree(t *testing.T, names ...vfs.Path) *memfs.FS {
	t.Helper()
	store := memfs.New()
	for _, n := range names {
		if n[len(n)-1] != '/' {
			frontendtest.Write(t, store, n, []byte(n))
		} else if err := store.Mkdir(t.Context(), n[:len(n)-1]); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// TestRenameIntoDirectory gives files the names of directories: posix-rename moves them in, RENAME refuses (feature G2).
func TestRenameIntoDirectory(t *testing.T) {
	store := newTree(t, "/file", "/other", "/dir/", "/dir/other", "/full/", "/full/file/", "/empty/")
	c := mustDial(t, start(t, store))
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was not refused", what)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused("RENAME of a file to a directory", c.sftp.Rename("/file", "/dir"))
	refused("posix-rename of a file to a directory with a directory of its name", c.sftp.PosixRename("/file", "/full"))
	wantFile(t, store, "/file", "/file")
	must(c.sftp.PosixRename("/file", "/dir"))
	must(c.sftp.PosixRename("/other", "/dir/"))
	wantFile(t, store, "/dir/file", "/file")
	wantFile(t, store, "/dir/other", "/other")
	must(c.sftp.PosixRename("/dir/file", "/"))
	wantFile(t, store, "/file", "/file")
	must(c.sftp.PosixRename("/file", "/file"))
	wantFile(t, store, "/file", "/file")

	refused("posix-rename of a directory to one that is not empty", c.sftp.PosixRename("/dir", "/full"))
	refused("posix-rename of a directory into itself", c.sftp.PosixRename("/dir", "/dir/below"))
	must(c.sftp.PosixRename("/dir", "/empty"))
	wantFile(t, store, "/empty/other", "/other")
}

// TestOpenSSHRenameIntoDirectory types what people type.
func TestOpenSSHRenameIntoDirectory(t *testing.T) {
	store := newTree(t, "/a", "/b", "/dir/", "/dir/sub/")
	if r := batch(t, start(t, store), t.TempDir(), "rename a dir\ncd dir\nrename ../b sub\nrename a ..\n"); r.Status != 0 {
		t.Errorf("status %d, stderr %q", r.Status, r.Stderr)
	}
	wantFile(t, store, "/a", "/a")
	wantFile(t, store, "/dir/sub/b", "/b")
}

// TestSSHFSRename renames as programs do on a disk.
func TestSSHFSRename(t *testing.T) {
	store := newTree(t, "/file", "/dir/", "/dir/inner", "/full/", "/full/x", "/empty/")
	mnt := frontendtest.SSHFS(t, start(t, store))
	rename := func(from, to string, want ...error) {
		t.Helper()
		err := syscall.Rename(filepath.Join(mnt, from), filepath.Join(mnt, to))
		for _, w := range want {
			if errors.Is(err, w) {
				return
			}
		}
		if err != nil || len(want) > 0 {
			t.Errorf("rename of %s to %s: %v, want %v", from, to, err, want)
		}
	}
	rename("file", "dir", syscall.EISDIR)
	rename("dir", "full", syscall.EPERM) // by which sshfs says that something failed
	wantFile(t, store, "/file", "/file")
	wantFile(t, store, "/dir/inner", "/dir/inner")
	rename("dir", "empty")
	wantFile(t, store, "/empty/inner", "/dir/inner")
	if _, err := os.Stat(filepath.Join(mnt, "empty", "inner")); err != nil {
		t.Errorf("behind a rename: %v", err)
	}
}
