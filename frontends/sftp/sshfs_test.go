package sftp_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// A mounted server is used as a disk is: files are opened for reading and writing, changed in the
// middle, truncated and replaced.
func TestSSHFS(t *testing.T) {
	store := memfs.New()
	mnt := frontendtest.SSHFS(t, start(t, store))
	p := func(name string) string { return filepath.Join(mnt, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// The kernel does not wait for the end of a close.
	holds := func(what string, want []byte) {
		t.Helper()
		frontendtest.Eventually(t, "the store has the file as it is after "+what, func() bool {
			return bytes.Equal(frontendtest.Read(t, store, "/file"), want)
		})
	}
	want := random(500_000)
	must(os.WriteFile(p("file"), want, 0o644))
	frontendtest.Eventually(t, "the file is there", func() bool { return !frontendtest.Missing(t, store, "/file") })

	f, err := os.OpenFile(p("file"), os.O_RDWR, 0)
	must(err)
	_, err = f.WriteAt([]byte("changed"), 250_000)
	must(err)
	copy(want[250_000:], "changed")
	must(f.Sync())
	got := make([]byte, 20)
	_, err = f.ReadAt(got, 249_990)
	must(err)
	if !bytes.Equal(got, want[249_990:250_010]) {
		t.Errorf("what was written does not read back from the same handle: %q", got)
	}
	must(f.Close())
	holds("a change in the middle", want)

	f, err = os.OpenFile(p("file"), os.O_WRONLY|os.O_APPEND, 0)
	must(err)
	_, err = io.WriteString(f, "appended")
	must(err)
	must(f.Close())
	want = append(want, "appended"...)
	holds("an append", want)

	must(os.Truncate(p("file"), 1000))
	holds("a truncate", want[:1000])

	must(os.Mkdir(p("dir"), 0o755))
	must(os.WriteFile(p("dir/new"), []byte("new"), 0o644))
	frontendtest.Eventually(t, "the file is there", func() bool { return !frontendtest.Missing(t, store, "/dir/new") })
	must(os.Rename(p("dir/new"), p("file")))
	holds("a rename over it", []byte("new"))
	when := time.Unix(1_500_000_000, 0)
	must(os.Chtimes(p("file"), when, when))
	if info, err := os.Stat(p("file")); err != nil || !info.ModTime().Equal(when) {
		t.Errorf("the time is %v, %v; want %v", info.ModTime(), err, when)
	}
	if entries, err := os.ReadDir(mnt); err != nil || len(entries) != 2 || !entries[0].IsDir() {
		t.Errorf("listing: %v, %v", entries, err)
	}
	must(os.Remove(p("dir")))
	must(os.Remove(p("file")))
}
