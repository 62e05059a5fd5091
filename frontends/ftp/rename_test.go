package ftp_test

import (
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// TestRenameIntoDirectory gives files and directories the names of directories: they move in (feature G2).
func TestRenameIntoDirectory(t *testing.T) {
	store := memory()
	for _, dir := range []vfs.Path{"/dir", "/dir/sub", "/full", "/full/dir", "/full/file", "/archive"} {
		if err := store.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []vfs.Path{"/file", "/other", "/dir/other", "/dir/sub/inner"} {
		frontendtest.Write(t, store, file, []byte(file))
	}
	r := loginRaw(t, start(t, store).Addr)
	rename := func(from, to, want string) {
		t.Helper()
		r.cmd("RNFR "+from, "350")
		r.cmd("RNTO "+to, want)
	}
	has := func(name vfs.Path, want string) {
		t.Helper()
		if got := string(frontendtest.Read(t, store, name)); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	rename("/file", "/full", "550") // which has a directory of that name
	rename("/file", "/dir", "250")
	has("/dir/file", "/file")
	rename("/other", "/dir/", "250")
	has("/dir/other", "/other")
	rename("/dir/file", "/", "250")
	has("/file", "/file")
	rename("/file", "/file", "250")
	has("/file", "/file")

	rename("/dir", "/full", "550")
	rename("/dir", "/dir/sub", "553")
	rename("/dir", "/dir/new", "553")
	rename("/dir", "/dir", "250")
	has("/dir/sub/inner", "/dir/sub/inner")
	rename("/dir", "/archive", "250") // into it, although it is empty
	has("/archive/dir/other", "/other")
	r.cmd("RNFR /archive/dir/sub", "350")
	r.cmd("CWD /full", "250") // something else is asked for in between
	r.cmd("SIZE /file", "213")
	r.cmd("RNTO /renamed", "250")
	has("/renamed/inner", "/dir/sub/inner")
}
