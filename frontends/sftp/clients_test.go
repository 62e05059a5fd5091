package sftp_test

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// curl has libssh2's implementation.
func TestCurl(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	want := random(2_000_000)
	writeLocal(t, dir, "f", want)
	curl := func(args ...string) frontendtest.Result {
		t.Helper()
		return frontendtest.Run(t, dir, "", "curl", append([]string{"-sSk", "-u", frontendtest.User + ":" + frontendtest.Password}, args...)...)
	}
	url := "sftp://" + srv.Addr + "/"
	for _, args := range [][]string{
		{"-T", "f", url + "g%20h"},
		{"-o", "back", url + "g%20h"},
	} {
		if r := curl(args...); r.Status != 0 {
			t.Errorf("curl %q: status %d", args, r.Status)
		}
	}
	wantLocal(t, dir, "back", want)
	// Resume: curl opens without TRUNC and goes on at the size that is there.
	frontendtest.Write(t, store, "/half", want[:700_000])
	if r := curl("-C", "-", "-T", "f", url+"half"); r.Status != 0 {
		t.Errorf("resume: status %d", r.Status)
	}
	if !bytes.Equal(frontendtest.Read(t, store, "/half"), want) {
		t.Error("the resumed upload differs")
	}
	if r := curl("-u", "nobody:x", url); r.Status == 0 {
		t.Error("a wrong login is let in")
	}
}

// rclone has Go's implementation, tries commands first, uploads to another name, renames, and sets
// times.
func TestRclone(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	host, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	password := strings.TrimSpace(frontendtest.Run(t, dir, "", "rclone", "obscure", frontendtest.Password).Stdout)
	rclone := func(args ...string) {
		t.Helper()
		all := append([]string{"--config", "/dev/null", "--sftp-host", host, "--sftp-port", port, "--sftp-user", frontendtest.User, "--sftp-pass", password}, args...)
		if r := frontendtest.Run(t, dir, "", "rclone", all...); r.Status != 0 {
			t.Fatalf("rclone %q: status %d", args, r.Status)
		}
	}
	files := map[string][]byte{"a": random(300_000), "d/b c": random(10), "d/empty": nil}
	for name, data := range files {
		writeLocal(t, dir, "src/"+name, data)
	}
	rclone("copy", "src", ":sftp:/dst")
	rclone("check", "src", ":sftp:/dst", "--download")
	rclone("copy", ":sftp:/dst", "back")
	for name, data := range files {
		wantLocal(t, dir, "back/"+name, data)
	}
	rclone("sync", "--delete-after", "src/d", ":sftp:/dst")
	if !frontendtest.Missing(t, store, "/dst/a") {
		t.Error("sync has left a file that it should remove")
	}
}
