package sftp_test

import (
	"os"
	"path/filepath"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// TestNamesInBytes takes names that are not UTF-8, and gives them back.
func TestNamesInBytes(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	c := mustDial(t, srv)
	for _, tt := range []struct {
		name   string
		stored vfs.Path
	}{{"caf\xe9", "/caf‛E9"}, {"‛E9", "/‛‛E9"}, {"plain ‛", "/plain ‛"}, {"\xff\n", "/‛FF\n"}} {
		f, err := c.sftp.Create("/" + tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Stat(t.Context(), tt.stored); err != nil {
			t.Errorf("%q is not stored as %q: %v", tt.name, tt.stored, err)
		}
		infos, err := c.sftp.ReadDir("/")
		if err != nil || len(infos) != 1 || infos[0].Name() != tt.name {
			t.Errorf("%q is listed as %v, %v", tt.name, infos, err)
		}
		if real, err := c.sftp.RealPath(tt.name); err != nil || real != "/"+tt.name {
			t.Errorf("the real path of %q is %q, %v", tt.name, real, err)
		}
		if err := c.sftp.Symlink(tt.name, "/link"); err != nil {
			t.Error(err)
		}
		if target, err := c.sftp.ReadLink("/link"); err != nil || target != tt.name {
			t.Errorf("a link to %q leads to %q, %v", tt.name, target, err)
		}
		for _, name := range []string{"/link", "/" + tt.name} {
			if err := c.sftp.Remove(name); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
}

// TestOpenSSHNamesInBytes has sftp and scp bring a directory with such names back as it was.
func TestOpenSSHNamesInBytes(t *testing.T) {
	srv := start(t, memfs.New())
	dir := t.TempDir()
	writeLocal(t, dir, "d/caf\xe9/\xff\xfe", []byte("x"))
	if r := batch(t, srv, dir, "put -R d\nget -R d back\nget d/caf*/* one\n"); r.Status != 0 {
		t.Fatalf("sftp: %d, %q", r.Status, r.Stderr)
	}
	if r := frontendtest.OpenSSH(t, srv, dir, "", "scp", "-r", ":d", "copy"); r.Status != 0 {
		t.Fatalf("scp: %d, %q", r.Status, r.Stderr)
	}
	for _, name := range []string{"back/caf\xe9/\xff\xfe", "copy/caf\xe9/\xff\xfe", "one"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
