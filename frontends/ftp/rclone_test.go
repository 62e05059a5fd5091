package ftp_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filegate/frontends/frontendtest"
)

func TestRclone(t *testing.T) {
	store := memory()
	frontendtest.Write(t, store, "/dir/", nil)
	srv := start(t, store)
	host, port, _ := net.SplitHostPort(srv.Addr)
	dir := t.TempDir()
	for i := range 50 {
		write(t, dir, fmt.Sprintf("up/sub %d/file%d", i%3, i), content(i*1000))
	}
	write(t, dir, "up/big", content(20<<20))
	password := strings.TrimSpace(frontendtest.Run(t, dir, frontendtest.Password, "rclone", "obscure", "-").Stdout)
	remote := fmt.Sprintf(`:ftp,host=%s,port=%s,user=%s,pass=%s:dir`, host, port, frontendtest.User, password)
	run := func(args ...string) {
		t.Helper()
		succeeds(t, frontendtest.Run(t, dir, "", "rclone", append([]string{"--config", filepath.Join(dir, "rclone.conf"), "--retries", "1", "-q"}, args...)...))
	}
	run("sync", "up", remote)
	run("check", "--download", "up", remote)
	run("sync", remote, "down")
	run("check", "up", "down")
	run("moveto", remote+"/big", remote+"/moved")
	run("purge", remote+"/sub 0")
	if !frontendtest.Missing(t, store, "/dir/sub 0") || frontendtest.Missing(t, store, "/dir/moved") {
		t.Error("what was purged is there, or what was moved is not")
	}
	if _, err := os.Stat(filepath.Join(dir, "down", "big")); err != nil {
		t.Error(err)
	}
}
