package ftp_test

import (
	"strings"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// Links are what they lead to: a mirror gets the content. One that leads to nothing can be seen,
// and deleted.
func TestLinks(t *testing.T) {
	store := memfs.New()
	frontendtest.Write(t, store, "/d/", nil)
	frontendtest.Write(t, store, "/d/sub/", nil)
	frontendtest.Write(t, store, "/d/sub/file", content(10_000))
	for name, target := range map[vfs.Path]vfs.Path{"/d/link": "/d/sub/file", "/d/tosub": "/d/sub", "/dangling": "/none"} {
		if err := store.Symlink(t.Context(), target, name); err != nil {
			t.Fatal(err)
		}
	}
	srv := start(t, store)
	for _, machine := range []string{"yes", "no"} { // MLSD, and LIST
		dir := t.TempDir()
		succeeds(t, lftp(t, srv, dir, "set ftp:use-mlsd "+machine, "mirror d down"))
		for _, name := range []string{"down/sub/file", "down/link", "down/tosub/file"} {
			same(t, name, read(t, dir, name), content(10_000))
		}
	}
	r := lftp(t, srv, t.TempDir(), "cls -1 /", "rm /dangling", "rm /d/link", "cls -1 /")
	succeeds(t, r)
	if strings.Count(r.Stdout, "dangling") != 1 {
		t.Errorf("the link that leads to nothing is to be listed until it is deleted: %s", r.Stdout)
	}
	same(t, "what a deleted link led to", frontendtest.Read(t, store, "/d/sub/file"), content(10_000))
}
