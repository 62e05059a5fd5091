package scp_test

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
	"filegate/frontends/frontendtest"
	"filegate/frontends/scp"
	"filegate/frontends/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(t *testing.T) *ssh.Config {
	t.Helper()
	cfg := ssh.NewConfig(scp.Service{})
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.HostKeys = []string{frontendtest.HostKey(t)}
	return cfg
}

func start(t *testing.T, fsys vfs.FS) *frontendtest.Server {
	t.Helper()
	return frontendtest.Start(t, config(t), frontendtest.Options{FS: fsys})
}

// openSSH runs OpenSSH's scp with the old protocol.
func openSSH(t *testing.T, srv *frontendtest.Server, dir string, args ...string) frontendtest.Result {
	t.Helper()
	return frontendtest.OpenSSH(t, srv, dir, "", "scp", append([]string{"-O"}, args...)...)
}

// tree creates files in a new directory. Names with a slash at the end are directories.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(p, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// local reads the files below a directory, like those of tree.
func local(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			files[name+"/"] = ""
			return nil
		}
		data, err := os.ReadFile(p)
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// stored reads the files in a store.
func stored(t *testing.T, fsys vfs.FS, dir vfs.Path) map[string]string {
	t.Helper()
	files := map[string]string{}
	var walk func(p vfs.Path, prefix string)
	walk = func(p vfs.Path, prefix string) {
		for _, info := range vfstest.List(t, fsys, p) {
			if info.IsDir() {
				files[prefix+info.Name+"/"] = ""
				walk(p.Join(info.Name), prefix+info.Name+"/")
			} else {
				files[prefix+info.Name] = string(frontendtest.Read(t, fsys, p.Join(info.Name)))
			}
		}
	}
	walk(dir, "")
	return files
}

func TestUpload(t *testing.T) {
	big := make([]byte, 3<<20+1)
	rand.Read(big)
	files := map[string]string{
		"a": "hello", "empty": "", "b c": "spaces", "ü'\"$": "quotes", "-dash": "dash", "big": string(big),
		"d/x": "1", "d/e/y": "22", "d/none/": "",
	}
	for _, tt := range []struct {
		name   string
		before map[string]string
		args   []string
		want   map[string]string // in addition to the previous content
		status int
		stderr string
	}{
		{name: "to a new name", args: []string{"a", ":/new"}, want: map[string]string{"new": "hello"}},
		{name: "into a directory", before: map[string]string{"C/": ""}, args: []string{"a", ":/C"}, want: map[string]string{"C/a": "hello"}},
		{name: "over a file", before: map[string]string{"a": "what was there is longer"}, args: []string{"a", ":"}, want: map[string]string{"a": "hello"}},
		{
			name: "several", before: map[string]string{"C/": ""}, args: []string{"a", "empty", "b c", "ü'\"$", "./-dash", "big", ":/C/"},
			want: map[string]string{"C/a": "hello", "C/empty": "", "C/b c": "spaces", "C/ü'\"$": "quotes", "C/-dash": "dash", "C/big": string(big)},
		},
		{name: "a quoted target", args: []string{"a", `:'x $y*.txt'`}, want: map[string]string{"x $y*.txt": "hello"}},
		{name: "home", args: []string{"a", `:~/x`}, want: map[string]string{"x": "hello"}},
		{name: "recursive, new", args: []string{"-r", "d", ":/D"}, want: map[string]string{"D/": "", "D/x": "1", "D/e/": "", "D/e/y": "22", "D/none/": ""}},
		{
			name: "recursive, into", before: map[string]string{"C/": "", "C/d/": ""}, args: []string{"-r", "d", "a", ":/C"},
			want: map[string]string{"C/a": "hello", "C/d/x": "1", "C/d/e/": "", "C/d/e/y": "22", "C/d/none/": ""},
		},
		{name: "several to a file", before: map[string]string{"f": "1"}, args: []string{"a", "empty", ":/f"}, status: 1, stderr: "not a directory"},
		{name: "no such directory", args: []string{"a", ":/no/where"}, status: 1, stderr: "no such file"},
		{name: "no such directory, by its slash", args: []string{"a", ":/no/"}, status: 1, stderr: "no such file"},
		{
			name: "a directory where a file is", before: map[string]string{"C/": "", "C/d": "file"}, args: []string{"-r", "d", "a", ":/C"},
			want: map[string]string{"C/a": "hello"}, status: 1, stderr: "file exists",
		},
		{
			name: "a file that cannot be read goes on", before: map[string]string{"C/": ""}, args: []string{"a", "nope", "empty", ":/C"},
			want: map[string]string{"C/a": "hello", "C/empty": ""}, status: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			want := maps.Clone(tt.before)
			if want == nil {
				want = map[string]string{}
			}
			for _, name := range slices.Sorted(maps.Keys(want)) { // a directory before its entries
				frontendtest.Write(t, store, vfs.Path("/"+name), []byte(want[name]))
			}
			maps.Copy(want, tt.want)
			r := openSSH(t, start(t, store), tree(t, files), tt.args...)
			if r.Status != tt.status || !strings.Contains(r.Stderr, tt.stderr) {
				t.Errorf("status %d, stderr %q; want status %d and %q", r.Status, r.Stderr, tt.status, tt.stderr)
			}
			if diff := cmp.Diff(want, stored(t, store, vfs.Root)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDownload(t *testing.T) {
	big := make([]byte, 3<<20+1)
	rand.Read(big)
	files := map[string]string{
		"a.txt": "hello", "b.txt": "there", ".hidden.txt": "h", "empty": "", "b c": "spaces", "we[i]rd*": "w", "big": string(big), "it's": "q",
		"d/": "", "d/x": "1", "d/e/": "", "d/e/y.txt": "22", "d/none/": "",
	}
	for _, tt := range []struct {
		name   string
		args   []string
		want   map[string]string
		status int
		stderr string
	}{
		{name: "one", args: []string{":/a.txt", "."}, want: map[string]string{"a.txt": "hello"}},
		{name: "under another name", args: []string{":big", "x"}, want: map[string]string{"x": string(big)}},
		{name: "several", args: []string{":a.txt", ":empty", "."}, want: map[string]string{"a.txt": "hello", "empty": ""}},
		{name: "quoted", args: []string{`:b\ c`, `:it\'s`, "."}, want: map[string]string{"b c": "spaces", "it's": "q"}},
		{name: "pattern", args: []string{":/*.txt", "."}, want: map[string]string{"a.txt": "hello", "b.txt": "there"}},
		{name: "pattern of a directory", args: []string{":/d/*/y.t?t", "."}, want: map[string]string{"y.txt": "22"}},
		{name: "a name that looks like a pattern", args: []string{`:we\[i\]rd\*`, "."}, want: map[string]string{"we[i]rd*": "w"}},
		{name: "recursive", args: []string{"-r", ":d", "."}, want: map[string]string{"d/": "", "d/x": "1", "d/e/": "", "d/e/y.txt": "22", "d/none/": ""}},
		{name: "a directory without -r", args: []string{":d", ":a.txt", "."}, want: map[string]string{"a.txt": "hello"}, status: 1, stderr: "not a regular file"},
		{name: "missing", args: []string{":nope", ":a.txt", "."}, want: map[string]string{"a.txt": "hello"}, status: 1, stderr: "nope: no such file"},
		{name: "pattern without a match", args: []string{":*.zip", "."}, want: map[string]string{}, status: 1, stderr: "*.zip: no such file"},
		{name: "the root", args: []string{"-r", ":/", "."}, want: map[string]string{}, status: 1, stderr: "ask for /*"},
		{name: "an unquoted space is two names", args: []string{":a.txt b.txt", "."}, want: map[string]string{}, status: 1, stderr: "does not match request"},
		{name: "what only a shell can do", args: []string{":$(id)", "."}, want: map[string]string{}, status: 1, stderr: "no shell"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			for _, dir := range []string{"d/", "d/e/", "d/none/"} {
				frontendtest.Write(t, store, vfs.Path("/"+dir), nil)
			}
			for name, content := range files {
				if !strings.HasSuffix(name, "/") {
					frontendtest.Write(t, store, vfs.Path("/"+name), []byte(content))
				}
			}
			dir := t.TempDir()
			r := openSSH(t, start(t, store), dir, tt.args...)
			if r.Status != tt.status || !strings.Contains(r.Stderr, tt.stderr) {
				t.Errorf("status %d, stderr %q; want status %d and %q", r.Status, r.Stderr, tt.status, tt.stderr)
			}
			if diff := cmp.Diff(tt.want, local(t, dir)); diff != "" {
				t.Errorf("downloaded (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLinks downloads links: as their targets, like OpenSSH's server.
func TestLinks(t *testing.T) {
	store := memfs.New()
	for _, dir := range []vfs.Path{"/d/", "/d/e/"} {
		frontendtest.Write(t, store, dir, nil)
	}
	frontendtest.Write(t, store, "/d/e/y.txt", []byte("22"))
	for name, target := range map[vfs.Path]vfs.Path{"/d/link": "/d/e/y.txt", "/d/toe": "/d/e", "/d/dangling": "/none"} {
		if err := store.Symlink(t.Context(), target, name); err != nil {
			t.Fatal(err)
		}
	}
	srv := start(t, store)
	dir := t.TempDir()
	r := openSSH(t, srv, dir, "-r", ":d", ".")
	if r.Status != 1 || !strings.Contains(r.Stderr, "/d/dangling: no such file") {
		t.Errorf("status %d, stderr %q; want that one link leads to nothing", r.Status, r.Stderr)
	}
	want := map[string]string{"d/": "", "d/e/": "", "d/e/y.txt": "22", "d/link": "22", "d/toe/": "", "d/toe/y.txt": "22"}
	if diff := cmp.Diff(want, local(t, dir)); diff != "" {
		t.Errorf("downloaded (-want +got):\n%s", diff)
	}
	dir = t.TempDir()
	if r := openSSH(t, srv, dir, ":/d/to*/y.txt", "."); r.Status != 0 {
		t.Errorf("status %d, stderr %q", r.Status, r.Stderr)
	}
	if diff := cmp.Diff(map[string]string{"y.txt": "22"}, local(t, dir)); diff != "" {
		t.Errorf("downloaded by a pattern (-want +got):\n%s", diff)
	}
}

func TestPreserve(t *testing.T) {
	dir := tree(t, map[string]string{"d/f": "x"})
	when := time.Unix(1_500_000_000, 0)
	for _, name := range []string{"d/f", "d"} {
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "d/f"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := memfs.New()
	srv := start(t, store)
	if r := openSSH(t, srv, dir, "-r", "-p", "d", ":/up"); r.Status != 0 {
		t.Fatalf("upload: status %d", r.Status)
	}
	for _, name := range []vfs.Path{"/up", "/up/f"} {
		info, err := store.Stat(t.Context(), name)
		if err != nil || !info.ModTime.Equal(when) {
			t.Errorf("Stat(%q) = %v, %v; want the time %v", name, info.ModTime, err, when)
		}
		if name == "/up/f" && info.Mode.Perm() != 0o600 {
			t.Errorf("mode %v, want 0600", info.Mode)
		}
	}
	if r := openSSH(t, srv, dir, "-r", "-p", ":/up", "down"); r.Status != 0 {
		t.Fatalf("download: status %d", r.Status)
	}
	for _, name := range []string{"down", "down/f"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.ModTime().Equal(when) {
			t.Errorf("%s has the time %v, want %v (%v)", name, info.ModTime(), when, err)
		}
	}
}

// TestPSCP tests PuTTY's pscp, another implementation of the protocol.
func TestPSCP(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := tree(t, map[string]string{"f": "hello"})
	for _, args := range [][]string{{"-scp", "-p", "f", ":/g"}, {"-scp", ":/g", "h"}} {
		if r := frontendtest.PuTTY(t, srv, dir, "", "pscp", args...); r.Status != 0 {
			t.Fatalf("pscp %q: status %d", args, r.Status)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "h")); err != nil || !bytes.Equal(got, []byte("hello")) {
		t.Errorf("pscp brought back %q, %v", got, err)
	}
}

// TestCurl tests curl, which uses libssh2's implementation.
func TestCurl(t *testing.T) {
	store := memfs.New()
	srv := start(t, store)
	dir := tree(t, map[string]string{"f": "hello"})
	curl := func(args ...string) {
		t.Helper()
		if r := frontendtest.Run(t, dir, "", "curl", append([]string{"-sSk", "-u", frontendtest.User + ":" + frontendtest.Password}, args...)...); r.Status != 0 {
			t.Fatalf("status %d", r.Status)
		}
	}
	curl("-T", "f", "scp://"+srv.Addr+"/it%27s%20g")
	curl("-o", "h", "scp://"+srv.Addr+"/it%27s%20g")
	if got, err := os.ReadFile(filepath.Join(dir, "h")); err != nil || string(got) != "hello" {
		t.Errorf("curl brought back %q, %v", got, err)
	}
}
