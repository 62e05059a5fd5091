package sftp_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"filegate/frontends/frontendtest"
)

// batch runs OpenSSH's sftp with a batch of commands.
func batch(t *testing.T, srv *frontendtest.Server, dir, commands string) frontendtest.Result {
	t.Helper()
	return frontendtest.OpenSSH(t, srv, dir, commands, "sftp", "-b", "-", "@")
}

func TestOpenSSHPutGet(t *testing.T) {
	srv := start(t, memory())
	dir := t.TempDir()
	want := make([]byte, 5<<20+17)
	rand.Read(want)
	if err := os.WriteFile(filepath.Join(dir, "up"), want, 0o640); err != nil {
		t.Fatal(err)
	}
	if r := batch(t, srv, dir, "put -p up\nls -l\nget -p up down\n"); r.Status != 0 {
		t.Fatalf("status %d, want 0", r.Status)
	}
	got, err := os.ReadFile(filepath.Join(dir, "down"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("what came back is not what was sent")
	}
}
