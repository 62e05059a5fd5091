package ftp_test

import (
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// TestRenameOntoDirectory gives files and directories the names of directories: all is refused but
// a directory in place of an empty one.
func TestRenameOntoDirectory(t *testing.T) {
	store := memory()
	for _, dir := range []vfs.Path{"/dir", "/dir/sub", "/full", "/full/file", "/archive"} {
		if err := store.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []vfs.Path{"/file", "/dir/other", "/dir/sub/inner"} {
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
	for _, to := range []string{"/full", "/dir", "/archive", "/"} {
		rename("/file", to, "550")
		has("/file", "/file")
	}
	rename("/file", "/file", "250")
	has("/file", "/file")

	rename("/dir", "/full", "550")
	rename("/dir", "/dir/sub", "553")
	rename("/dir", "/dir/new", "553")
	rename("/dir", "/dir", "250")
	has("/dir/sub/inner", "/dir/sub/inner")
	rename("/dir", "/archive", "250") // which is empty
	has("/archive/other", "/dir/other")
	r.cmd("RNFR /archive/sub", "350")
	r.cmd("RNTO /renamed", "250")
	has("/renamed/inner", "/dir/sub/inner")
}
