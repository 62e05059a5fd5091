package ftp_test

import (
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// TestSlash means files and directories by names with a slash at the end. No file is made, read,
// renamed or removed by one.
func TestSlash(t *testing.T) {
	store := memory()
	for _, dir := range []vfs.Path{"/dir", "/empty"} {
		if err := store.Mkdir(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	frontendtest.Write(t, store, "/file", []byte("content"))
	r := loginRaw(t, start(t, store).Addr)
	for _, command := range []string{
		"STOR missing/", "STOR missing/.", "STOR /missing/", "STOR dir/", "STOR file/", "APPE missing/", "APPE file/", "RETR file/", "RETR dir/",
		"RETR missing/", "DELE file/", "DELE dir/", "SIZE file/", "RNFR file/", "RNFR missing/",
	} {
		r.data()
		r.cmd(command, "55")
	}
	r.cmd("RNFR file", "350")
	r.cmd("RNTO missing/", "550")
	r.cmd("RNFR dir/", "350")
	r.cmd("RNTO dir2/", "250")
	r.cmd("RNFR file", "350")
	r.cmd("RNTO file2", "250")
	r.cmd("MKD made/", "257")
	r.cmd("CWD made/", "250")
	r.cmd("CWD ..", "250")
	r.cmd("RMD made/", "250")
	var names []string
	for _, p := range []vfs.Path{"/missing", "/file", "/dir", "/made"} {
		if _, err := store.Stat(t.Context(), p); err == nil {
			names = append(names, p.String())
		}
	}
	if len(names) > 0 {
		t.Errorf("%q is there, and should not", names)
	}
	if got := string(frontendtest.Read(t, store, "/file2")); got != "content" {
		t.Errorf("the file has %q, want what it had", got)
	}
}
