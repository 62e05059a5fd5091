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

// TestRenameOntoDirectory gives files the names of directories: RENAME and posix-rename refuse, and
// the file stays.
func TestRenameOntoDirectory(t *testing.T) {
	store := newTree(t, "/file", "/dir/", "/dir/other", "/full/", "/full/file/", "/empty/")
	c := mustDial(t, start(t, store))
	refused := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s was not refused", what)
		}
	}
	for _, to := range []string{"/dir", "/full", "/empty", "/"} {
		refused("RENAME of a file to "+to, c.sftp.Rename("/file", to))
		refused("posix-rename of a file to "+to, c.sftp.PosixRename("/file", to))
		wantFile(t, store, "/file", "/file")
	}
	if err := c.sftp.PosixRename("/file", "/file"); err != nil {
		t.Errorf("posix-rename to itself: %v", err)
	}
	wantFile(t, store, "/file", "/file")

	refused("posix-rename of a directory to one that is not empty", c.sftp.PosixRename("/dir", "/full"))
	refused("posix-rename of a directory into itself", c.sftp.PosixRename("/dir", "/dir/below"))
	if err := c.sftp.PosixRename("/dir", "/empty"); err != nil {
		t.Errorf("posix-rename of a directory to an empty one: %v", err)
	}
	wantFile(t, store, "/empty/other", "/dir/other")
}

// TestOpenSSHRenameOntoDirectory types what people type.
func TestOpenSSHRenameOntoDirectory(t *testing.T) {
	store := newTree(t, "/a", "/dir/")
	if r := batch(t, start(t, store), t.TempDir(), "rename a dir\n"); r.Status == 0 {
		t.Errorf("a file was renamed to the name of a directory: %q", r.Stdout)
	}
	wantFile(t, store, "/a", "/a")
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
