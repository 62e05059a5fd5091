package ftp_test

import (
	"os"
	"path/filepath"
	"testing"

	"filegate/frontends/frontendtest"
)

func TestCurl(t *testing.T) {
	srv := start(t, memory())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "up"), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := frontendtest.User + ":" + frontendtest.Password
	frontendtest.Run(t, dir, "", "curl", "-sS", "-v", "-u", login, "-T", "up", "ftp://"+srv.Addr+"/file")
	r := frontendtest.Run(t, dir, "", "curl", "-sS", "-v", "-u", login, "ftp://"+srv.Addr+"/file")
	if r.Stdout != "hello" {
		t.Errorf("got %q", r.Stdout)
	}
}
