package sftp_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// batch runs OpenSSH's sftp with a batch of commands, of which a failing one ends it unless it
// begins with "-".
func batch(t *testing.T, srv *frontendtest.Server, dir, commands string) frontendtest.Result {
	t.Helper()
	return frontendtest.OpenSSH(t, srv, dir, commands, "sftp", "-b", "-", "@")
}

// writeLocal makes a file for a client to send.
func writeLocal(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o640); err != nil {
		t.Fatal(err)
	}
}

func wantLocal(t *testing.T, dir, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes that differ from the %d wanted", name, len(got), len(want))
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

func TestOpenSSHPutGet(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	want, when := random(5<<20+17), time.Unix(1_600_000_000, 0)
	writeLocal(t, dir, "up", want)
	if err := os.Chtimes(filepath.Join(dir, "up"), when, when); err != nil {
		t.Fatal(err)
	}
	if r := batch(t, srv, dir, "put -fp up\nls -l\nget -p up down\n"); r.Status != 0 || !strings.Contains(r.Stdout, "alice") {
		t.Fatalf("status %d, stdout %q", r.Status, r.Stdout)
	}
	wantLocal(t, dir, "down", want)
	for _, name := range []string{"up", "down"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("%s: time %v, %v; want %v", name, info.ModTime(), err, when)
		}
	}
	if info, err := store.Stat(t.Context(), "/up"); err != nil || !info.ModTime.Equal(when) || info.Mode.Perm() != 0o640 {
		t.Errorf("stored: %+v, %v", info, err)
	}
}

// With limits@openssh.com the client sends and asks for as much at once as a packet holds.
func TestOpenSSHUsesLargePackets(t *testing.T) {
	var largest int
	store := &frontendtest.Faults{FS: memfs.New()}
	srv := start(t, sized{store, &largest})
	dir := t.TempDir()
	writeLocal(t, dir, "f", random(2<<20))
	if r := batch(t, srv, dir, "put f\n"); r.Status != 0 {
		t.Fatalf("status %d", r.Status)
	}
	if largest != 261120 {
		t.Errorf("the largest write had %d bytes, want 261120", largest)
	}
}

func TestOpenSSHRecursive(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	files := map[string][]byte{"a": random(10), "sub/b c": random(70_000), "sub/ü'\"#?%": random(3), "sub/deep/-x": nil}
	for name, data := range files {
		writeLocal(t, dir, "tree/"+name, data)
	}
	for range 2 { // the second time over what is there
		if r := batch(t, srv, dir, "put -r tree\n"); r.Status != 0 {
			t.Fatalf("put: status %d", r.Status)
		}
	}
	if r := batch(t, srv, dir, "get -r tree back\n"); r.Status != 0 {
		t.Fatalf("get: status %d", r.Status)
	}
	for name, data := range files {
		wantLocal(t, dir, "back/"+name, data)
	}
}

func TestOpenSSHCommands(t *testing.T) {
	store := memfs.New()
	frontendtest.Write(t, store, "/a", []byte("a"))
	frontendtest.Write(t, store, "/b", []byte("b"))
	frontendtest.Write(t, store, "/d/", nil)
	frontendtest.Write(t, store, "/d/x", nil)
	srv := start(t, store)
	for _, tt := range []struct {
		command string
		fails   string // part of what is said; empty for success
	}{
		{command: "pwd"},
		{command: "cd d"},
		{command: "cd nope", fails: "No such file"},
		{command: "ls nope", fails: "not found"},
		{command: "get nope", fails: "not found"},
		{command: "mkdir d", fails: "Failure"},
		{command: "mkdir new"},
		{command: "mkdir no/such", fails: "No such file"},
		{command: "rmdir d", fails: "Failure"},
		{command: "rmdir new"},
		{command: "rm d", fails: "Failure"},
		{command: "rename -l a b", fails: "Failure"}, // RENAME
		{command: "rename a c"},                      // posix-rename
		{command: "rename c b"},
		{command: "chmod 600 b"},
		{command: "chown 7 b"},
		{command: "chgrp 7 b"},
		{command: "ln -s b link"},
		{command: "ln -s b link", fails: "Failure"},
		{command: "ln -s ../b above", fails: "Permission denied"},
		{command: "ln b hard", fails: "not support"},
		{command: "df"},
		{command: "rm b"},
		{command: "rm b", fails: "No such file"},
	} {
		r := batch(t, srv, t.TempDir(), tt.command+"\n")
		if (r.Status == 0) != (tt.fails == "") || !strings.Contains(strings.ToLower(r.Stdout+r.Stderr), strings.ToLower(tt.fails)) {
			t.Errorf("%s: status %d, %q; want a failure with %q", tt.command, r.Status, r.Stderr, tt.fails)
		}
	}
}

// reput goes on where an upload has ended: the client says APPEND and offsets, and the offsets
// count.
func TestOpenSSHResume(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	want := random(3 << 20)
	frontendtest.Write(t, store, "/f", want[:1<<20])
	writeLocal(t, dir, "f", want)
	if r := batch(t, srv, dir, "reput f\n"); r.Status != 0 {
		t.Fatalf("status %d", r.Status)
	}
	if !bytes.Equal(frontendtest.Read(t, store, "/f"), want) {
		t.Error("the resumed upload differs")
	}
	for _, e := range srv.Events() {
		if e.Op == session.OpUpload && e.Bytes != 2<<20 {
			t.Errorf("%d bytes were sent, want the missing %d", e.Bytes, 2<<20)
		}
	}
	writeLocal(t, dir, "g", want[:100_000])
	if r := batch(t, srv, dir, "reget f g\n"); r.Status != 0 {
		t.Fatalf("status %d", r.Status)
	}
	wantLocal(t, dir, "g", want)
}

// OpenSSH's scp uses SFTP by default, overwrites in place and then sets the size.
func TestOpenSSHSCP(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	scp := func(args ...string) {
		t.Helper()
		if r := frontendtest.OpenSSH(t, srv, dir, "", "scp", args...); r.Status != 0 || r.Stderr != "" {
			t.Errorf("scp %q: status %d, %q", args, r.Status, r.Stderr)
		}
	}
	for _, size := range []int{300_000, 1000, 0} {
		want := random(size)
		writeLocal(t, dir, "f", want)
		scp("-p", "f", ":/f")
		if !bytes.Equal(frontendtest.Read(t, store, "/f"), want) {
			t.Errorf("an upload of %d bytes over a longer file differs", size)
		}
		scp(":f", "back")
		wantLocal(t, dir, "back", want)
	}
	writeLocal(t, dir, "t/x/y", []byte("y"))
	scp("-r", "t", ":~/T")
	if got := string(frontendtest.Read(t, store, "/T/x/y")); got != "y" {
		t.Errorf("recursive: %q", got)
	}
}

// A commit that fails is the client's failure, and it reads why.
func TestOpenSSHCommitError(t *testing.T) {
	store := &frontendtest.Faults{FS: memfs.New(), OnCommit: frontendtest.Failing(vfs.ErrQuota)}
	srv := start(t, store)
	dir := t.TempDir()
	writeLocal(t, dir, "f", random(1000))
	if r := batch(t, srv, dir, "put f\n"); r.Status == 0 {
		t.Error("sftp leaves with success")
	}
	if r := frontendtest.OpenSSH(t, srv, dir, "", "scp", "f", ":/f"); r.Status == 0 {
		t.Error("scp leaves with success")
	}
	if !frontendtest.Missing(t, store, "/f") {
		t.Error("it is published")
	}
}

func TestOpenSSHWrongPassword(t *testing.T) {
	srv := start(t, memfs.New())
	r := frontendtest.OpenSSHAs(t, srv, "wrong", t.TempDir(), "ls\n", "sftp", "-b", "-", "@")
	if r.Status == 0 || !strings.Contains(r.Stderr, "Permission denied") {
		t.Errorf("status %d, %q", r.Status, r.Stderr)
	}
}

func TestPSFTP(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := t.TempDir()
	want := random(300_000)
	writeLocal(t, dir, "f", want)
	writeLocal(t, dir, "batch", []byte("put f g\nls\nget g h\nmv g i\nrm i\nmkdir d\nrmdir d\n"))
	if r := frontendtest.PuTTY(t, srv, dir, "", "psftp", "-b", "batch", "@"); r.Status != 0 {
		t.Errorf("status %d", r.Status)
	}
	wantLocal(t, dir, "h", want)
}
