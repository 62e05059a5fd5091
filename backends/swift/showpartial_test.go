package swift

import (
	"bytes"
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

// TestShowPartialNever checks that an interrupted upload that is not listed is found by its name,
// and does not prevent the removal of its directory.
func TestShowPartialNever(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.ShowPartial = showNever })
	dir := f.dir.Join("inbox")
	if err := f.Mkdir(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	p := dir.Join("big")
	w, err := f.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(bytes.NewReader(randomBytes(3 * mib))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := vfstest.List(t, f, dir); len(got) != 0 {
		t.Errorf("the directory lists %+v", got)
	}
	if info, err := f.Stat(t.Context(), p); err != nil || !info.Partial || info.Size != 3*mib {
		t.Errorf("Stat = %+v, %v, want what has arrived", info, err)
	}
	if all, err := f.Partials(t.Context(), dir); err != nil || len(all) != 1 || all[0].Name != "big" {
		t.Errorf("Partials = %+v, %v", all, err)
	}
	if err := f.Rmdir(t.Context(), dir); err != nil {
		t.Errorf("Rmdir of a directory that looks empty: %v", err)
	}
	if left := f.segments(t); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
