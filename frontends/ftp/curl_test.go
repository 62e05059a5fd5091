package ftp_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ftp"
)

// curl runs curl with a login. The URL comes last in args, without scheme and address.
func curl(t *testing.T, srv *frontendtest.Server, dir, scheme string, args ...string) frontendtest.Result {
	t.Helper()
	args = slices.Clone(args)
	args[len(args)-1] = scheme + "://" + srv.Addr + args[len(args)-1]
	return frontendtest.Run(t, dir, "", "curl", append([]string{"-sS", "-u", frontendtest.User + ":" + frontendtest.Password}, args...)...)
}

func succeeds(t *testing.T, r frontendtest.Result) {
	t.Helper()
	if r.Status != 0 {
		t.Errorf("status %d: %s", r.Status, r.Stderr)
	}
}

// content is size bytes that are always the same, with all values among them.
func content(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i * (i>>8 + 1))
	}
	return b
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Errorf("%s: %d bytes are not the %d bytes that were sent", what, len(got), len(want))
	}
}

func TestCurl(t *testing.T) {
	cfg, _ := configTLS(t, "explicit")
	implicitCfg, _ := configTLS(t, "implicit")
	for _, tt := range []struct {
		name   string
		cfg    *ftp.Config
		scheme string
		args   []string
	}{
		{"plain", config(), "ftp", nil},
		{"pasv", config(), "ftp", []string{"--disable-epsv"}},
		{"active", config(), "ftp", []string{"--ftp-port", "-"}},
		{"explicit", cfg, "ftp", []string{"--ssl-reqd", "--cacert", cfg.TLS.Cert}},
		{"implicit", implicitCfg, "ftps", []string{"--cacert", implicitCfg.TLS.Cert}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memory()
			srv := frontendtest.Start(t, tt.cfg, frontendtest.Options{FS: store})
			dir := t.TempDir()
			run := func(args ...string) frontendtest.Result {
				t.Helper()
				return curl(t, srv, dir, tt.scheme, slices.Concat(tt.args, args)...)
			}
			big := content(20 << 20)
			for name, data := range map[string][]byte{"empty": nil, "small": content(1000), "big": big} {
				write(t, dir, name, data)
				succeeds(t, run("-T", name, "/"+name))
				same(t, name, frontendtest.Read(t, store, vfs.Path("/"+name)), data)
				succeeds(t, run("-o", "back", "/"+name))
				same(t, name, read(t, dir, "back"), data)
			}

			succeeds(t, run("-T", "small", "--ftp-create-dirs", "/a/b%20c/%C3%BC%25%23%3F"))
			same(t, "in new directories", frontendtest.Read(t, store, "/a/b c/ü%#?"), content(1000))

			write(t, dir, "half", big[:7<<20])
			succeeds(t, run("-T", "half", "/resumed"))
			succeeds(t, run("-C", "-", "-T", "big", "/resumed"))
			same(t, "a resumed upload", frontendtest.Read(t, store, "/resumed"), big)
			succeeds(t, run("-C", "-", "-o", "half", "/big"))
			same(t, "a resumed download", read(t, dir, "half"), big)
			succeeds(t, run("-a", "-T", "small", "/small"))
			same(t, "appended", frontendtest.Read(t, store, "/small"), bytes.Repeat(content(1000), 2))

			if r := run("--list-only", "/a/"); r.Stdout != "b c\r\n" && r.Stdout != "b c\n" {
				t.Errorf("the listing is %q", r.Stdout)
			}
			if r := run("-I", "/small"); !strings.Contains(r.Stdout, "Content-Length: 2000") {
				t.Errorf("the head is %q", r.Stdout)
			}
			if r := run("/missing"); r.Status != 78 {
				t.Errorf("the status for a missing file is %d, want 78", r.Status)
			}
		})
	}
}

func TestCurlRefused(t *testing.T) {
	srv, _ := startTLS(t, memory(), "explicit")
	if r := curl(t, srv, t.TempDir(), "ftp", "/"); r.Status != 67 || !strings.Contains(r.Stderr, "530") {
		t.Errorf("a login without TLS ends with status %d, want 67: %s", r.Status, r.Stderr)
	}
	srv = start(t, memory())
	r := frontendtest.Run(t, t.TempDir(), "", "curl", "-sS", "-u", frontendtest.User+":wrong", "ftp://"+srv.Addr+"/")
	if r.Status != 67 {
		t.Errorf("a wrong password ends with status %d, want 67", r.Status)
	}
}
