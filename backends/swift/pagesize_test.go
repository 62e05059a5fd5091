package swift

import (
	"net/http"
	"slices"
	"strconv"
	"testing"

	"filegate/backends/swift/listing"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestShortPages has a store that returns fewer entries than requested, and reports no limit: all
// operations that use listings read all entries.
func TestShortPages(t *testing.T) {
	srv := swifttest.Start(t, swifttest.Config{Limits: swifttest.Limits{PageLimit: 3}})
	f := &fake{FS: openFS(t, accountIn(srv), nil), srv: srv, dir: "/c"}
	f.listBy(f.backend.writes, listing.NewPageSizes())
	var containers []string
	for i := range 7 {
		base := "c" + strconv.Itoa(i)
		containers = append(containers, base+"/")
		if err := f.Mkdir(t.Context(), vfs.Path("/"+base)); err != nil {
			t.Fatal(err)
		}
	}
	sees(t, f, "/", "all containers", containers...)
	if err := f.Mkdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	if err := f.Mkdir(t.Context(), "/c/d"); err != nil {
		t.Fatal(err)
	}
	var files []string
	for i := range 11 {
		base := "f" + strconv.Itoa(10+i)
		files = append(files, base)
		f.mustWrite(t, vfs.Path("/c/d/"+base), []byte(base))
	}
	f.forget()
	sees(t, f, "/c/d", "all files", files...)
	sees(t, f, "/c/d", "again", files...)
	if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	sees(t, f, "/c/e", "all files after the directory was renamed", files...)
	for _, base := range files {
		f.has(t, vfs.Path("/c/e/"+base), []byte(base), "a file of a renamed directory")
	}
	if left := slices.DeleteFunc(f.objectsIn(t, "c"), func(o string) bool { return o[0] != 'd' }); len(left) > 0 {
		t.Errorf("%q are left under the old name of the directory", left)
	}
}

// TestListingStaysFailed has the second page of a listing refused: no later Next returns io.EOF.
func TestListingStaysFailed(t *testing.T) {
	f := newFake(t, swifttest.Limits{ListingLimit: 3}, nil)
	for i := range 9 {
		f.mustWrite(t, vfs.Path("/c/f"+strconv.Itoa(i)), []byte("x"))
	}
	f.srv.Inject(swifttest.Rule{Op: swifttest.ListContainer, Container: "c", After: 1, Times: 1, Fault: swifttest.Fault{Status: http.StatusForbidden}})
	l, err := f.List(t.Context(), "/c")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	failures := 0
	for range 6 {
		if _, err := l.Next(t.Context()); vfs.Kind(err) == vfs.ErrPermission {
			failures++
		} else if failures > 0 {
			t.Fatalf("after the error Next returned %v, want the error again", err)
		}
	}
	if failures == 0 {
		t.Error("Next did not fail")
	}
}
