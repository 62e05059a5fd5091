package ftp_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// lftp runs lftp's commands, logged in.
func lftp(t *testing.T, srv *frontendtest.Server, dir string, commands ...string) frontendtest.Result {
	t.Helper()
	script := fmt.Sprintf("set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes; set ssl:verify-certificate no; open -u '%s,%s' ftp://%s\n%s\n",
		frontendtest.User, frontendtest.Password, srv.Addr, strings.Join(commands, "\n"))
	return frontendtest.Run(t, dir, script, "lftp", "-f", "/dev/stdin")
}

// names are what clients and servers have stumbled over.
var names = []string{
	"with space", " leading space", "trailing space ", "single'quote", `double"quote`, `back\slash`, "100%", "%41", "a#b", "a?b=c", "*", "[a]", "a;b", "-rf", "--help", "~",
	"ü", "日本語", "🙂", ".hidden", "..a", "semi; colon",
}

func TestLftpMirror(t *testing.T) {
	for _, mode := range []string{"off", "explicit"} {
		t.Run(mode, func(t *testing.T) {
			store := memory()
			srv := start(t, store)
			if mode != "off" {
				srv, _ = startTLS(t, store, mode)
			}
			dir := t.TempDir()
			at := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
			for i, name := range names {
				for _, file := range []string{name, filepath.Join("sub "+name, name)} {
					write(t, filepath.Join(dir, "up"), file, content(i*10_000))
					if err := os.Chtimes(filepath.Join(dir, "up", file), at, at); err != nil {
						t.Fatal(err)
					}
				}
			}
			succeeds(t, lftp(t, srv, dir, "mirror -R -v up there"))
			succeeds(t, lftp(t, srv, dir, "mirror -v there down"))
			n := 0
			err := fs.WalkDir(os.DirFS(filepath.Join(dir, "up")), ".", func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				n++
				data := read(t, dir, filepath.Join("up", name))
				same(t, name+" stored", frontendtest.Read(t, store, vfs.Path("/there/"+name)), data)
				same(t, name+" fetched", read(t, dir, filepath.Join("down", name)), data)
				info, err := store.Stat(t.Context(), vfs.Path("/there/"+name))
				if err != nil || !info.ModTime.Equal(at) {
					t.Errorf("%q has the time %v, want %v (%v)", name, info.ModTime, at, err)
				}
				return nil
			})
			if err != nil || n != 2*len(names) {
				t.Errorf("looked at %d files of %d, %v", n, 2*len(names), err)
			}
			if r := lftp(t, srv, dir, "mirror -R --dry-run up there"); r.Status != 0 || strings.Contains(r.Stdout, "put") || strings.Contains(r.Stdout, "get") {
				t.Errorf("a second mirror would do something: %s", r.Stdout)
			}
		})
	}
}

func TestLftpResume(t *testing.T) {
	store := memory()
	srv := start(t, store)
	dir := t.TempDir()
	big := content(5 << 20)
	write(t, dir, "big", big)
	frontendtest.Write(t, store, "/big", big[:2<<20])
	succeeds(t, lftp(t, srv, dir, "put -c big"))
	same(t, "put -c", frontendtest.Read(t, store, "/big"), big)
	write(t, dir, "half", big[:3<<20])
	succeeds(t, lftp(t, srv, dir, "get -c big -o half"))
	same(t, "get -c", read(t, dir, "half"), big)
	succeeds(t, lftp(t, srv, dir, "pget -n 4 big -o parts"))
	same(t, "pget", read(t, dir, "parts"), big)
}

// TestLftpFailedCommit is an upload that the store refuses when it is complete.
func TestLftpFailedCommit(t *testing.T) {
	for _, kind := range []error{vfs.ErrQuota, vfs.ErrPermission, vfs.ErrUnavailable} {
		srv := start(t, &frontendtest.Faults{FS: memory(), OnCommit: func(context.Context, vfs.Path) error { return kind }})
		dir := t.TempDir()
		write(t, dir, "file", content(100_000))
		if r := lftp(t, srv, dir, "put file"); r.Status == 0 {
			t.Errorf("%v: lftp was told of success", kind)
		}
	}
}
