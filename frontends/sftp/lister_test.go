package sftp_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

func TestLargeListing(t *testing.T) {
	store := memfs.New()
	store.PageSize = 1000
	want := map[string]bool{}
	for i := range 12_000 {
		// Names so long that 500 of them would make an answer that sshfs does not take.
		name := fmt.Sprintf("%s-%d", strings.Repeat("x", 200), i)
		want[name] = true
		frontendtest.Write(t, store, vfs.Root.Join(name), nil)
	}
	c := mustDial(t, start(t, store))
	entries, err := c.sftp.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !want[e.Name()] {
			t.Fatalf("%q is listed twice, or is not there", e.Name())
		}
		delete(want, e.Name())
	}
	if len(want) > 0 {
		t.Errorf("%d entries are missing", len(want))
	}
}

// Times that version 3 cannot say come as the nearest that it can.
func TestOddTimes(t *testing.T) {
	for _, tt := range []struct {
		stored time.Time
		want   int64
	}{
		{time.Unix(1_500_000_000, 999), 1_500_000_000},
		{time.Unix(-5, 0), 0},
		{time.Time{}, 0},
		{time.Unix(1<<40, 0), 1<<32 - 1},
	} {
		store := memfs.New()
		frontendtest.Write(t, store, "/file", nil)
		if err := vfs.SetAttrs(t.Context(), store, "/file", vfs.Attrs{ModTime: &tt.stored}); err != nil {
			t.Fatal(err)
		}
		fi, err := mustDial(t, start(t, store)).sftp.Stat("/file")
		if err != nil || fi.ModTime().Unix() != tt.want {
			t.Errorf("%v arrives as %v, %v; want %d", tt.stored, fi.ModTime(), err, tt.want)
		}
	}
}

// counting is a store that counts what is in directories.
type counting struct{ vfs.FS }

const counted = 1234567

func (c counting) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	l, err := c.FS.List(ctx, name)
	return countingLister{l}, err
}

type countingLister struct{ vfs.Lister }

func (l countingLister) Next(ctx context.Context) ([]vfs.Info, error) {
	page, err := l.Lister.Next(ctx)
	for i := range page {
		if page[i].IsDir() {
			page[i].Links, page[i].UID, page[i].GID = counted, 17, 18
		}
	}
	return page, err
}

// TestLinks shows the number of links in the long form of a listing, beside the owner. Newer
// clients than OpenSSH 9.0 make that form of the attributes, which have no such number.
func TestLinks(t *testing.T) {
	store := memfs.New()
	if err := store.Mkdir(t.Context(), "/dir"); err != nil {
		t.Fatal(err)
	}
	frontendtest.Write(t, store, "/file", nil)
	srv := start(t, counting{store})
	w := dialWire(t, srv)
	_, handle := w.ask(t, pktOpendir, str("/"))
	kind, names := w.ask(t, pktReaddir, handle)
	for _, want := range []string{`drwxr-xr-x 1234567 17 +18 .* dir`, `-rw-r--r-- +1 alice .* file`} {
		if kind != pktName || !regexp.MustCompile(want).Match(names) {
			t.Errorf("the listing has no %s:\n%q", want, names)
		}
	}
	r := batch(t, srv, t.TempDir(), "ls -ln\n")
	if !regexp.MustCompile(`(?m)^drwxr-xr-x +\S+ 17 +18 .* dir\s*$`).MatchString(r.Stdout) {
		t.Errorf("the client's listing has not the owner of dir:\n%s", r.Stdout)
	}
}
