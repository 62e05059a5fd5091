package sftp_test

import (
	"fmt"
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
