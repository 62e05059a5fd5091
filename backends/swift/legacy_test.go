package swift

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestRemoveLegacy removes large files of other programs: rows F1 to F3, F5 and G1 of the old
// servers.
func TestRemoveLegacy(t *testing.T) {
	put := func(f *fake, p vfs.Path) { f.mustWrite(t, p, []byte("x")) }
	for _, tt := range []struct {
		name  string
		make  func(f *fake)
		left  []string // in the container
		parts []string // in c_segments
	}{
		{"F1: a manifest and its parts", func(f *fake) {
			f.putDLO(t, "/c/file", "c/file.part/", []byte("hello"))
			put(f, "/c/file.parts/1")
		}, []string{"file.parts/1"}, nil},
		{"F2: the parts of a collision", func(f *fake) {
			f.putDLO(t, "/c/file", "c/file_01.part/", []byte("hello"))
			put(f, "/c/file.part/000000")
		}, []string{"file.part/000000"}, nil},
		{"F3: a prefix without a slash, and strangers of the same beginning", func(f *fake) {
			put(f, "/c/file.partial")
			put(f, "/c/file.part2/000000")
			put(f, "/c/file.part/000000")
			put(f, "/c/file.part/000001")
			_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: "file"}, Header: map[string]string{"X-Object-Manifest": "c/file.part"}})
			if err != nil {
				t.Fatal(err)
			}
		}, []string{"file.part2/000000", "file.partial"}, nil},
		{"F5: renamed, and nothing has the old name", func(f *fake) {
			f.putDLO(t, "/c/file", "c/old.part/", []byte("hello"))
		}, nil, nil},
		{"F5: renamed, and the old name stands for the same parts", func(f *fake) {
			f.putDLO(t, "/c/file", "c/old.part/", []byte("hello"))
			f.putDLO(t, "/c/old", "c/old.part/", []byte("hello"))
		}, []string{"old", "old.part/000000", "old.part/000001"}, nil},
		{"G1: segments in a container of their own", func(f *fake) {
			f.putDLO(t, "/c/file", "c_segments/file/1/", []byte("hello"))
			f.putDLO(t, "/c/other", "c_segments/file/2/", []byte("hello"))
		}, []string{"other"}, []string{"file/2/000000", "file/2/000001"}},
		{"G1: a manifest over files that people see", func(f *fake) {
			f.putDLO(t, "/c/file", "c/day/", []byte("hello"))
		}, []string{"day/000000", "day/000001"}, nil},
		{"G1: parts that are gone already", func(f *fake) {
			f.putDLO(t, "/c/file", "c_segments/gone/", []byte("hello"))
			for _, seg := range []string{"gone/000000", "gone/000001"} {
				if err := f.client.Delete(t.Context(), api.Name{Account: "", Container: "c_segments", Object: seg}); err != nil {
					t.Fatal(err)
				}
			}
		}, nil, nil},
		{"G1: a static large object", func(f *fake) { f.mustWrite(t, "/c/file", apitest.Noise(3*mib)) }, nil, nil},
	} {
		for _, noBulk := range []bool{false, true} {
			f := newFake(t, swifttest.Limits{NoBulkDelete: noBulk}, nil)
			if err := f.makeContainer(t.Context(), api.Name{Account: "", Container: "c_segments", Object: ""}, nil); err != nil {
				t.Fatal(err)
			}
			tt.make(f)
			if err := f.Remove(t.Context(), "/c/file"); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if left := f.objectsIn(t, "c"); !slices.Equal(left, tt.left) {
				t.Errorf("%s: the container has %q, want %q", tt.name, left, tt.left)
			}
			if parts := f.objectsIn(t, "c_segments"); !slices.Equal(parts, tt.parts) {
				t.Errorf("%s: the segments are %q, want %q", tt.name, parts, tt.parts)
			}
		}
	}
}

// TestRemoveOrder checks row G1: an interrupted removal leaves no manifest without its segments.
func TestRemoveOrder(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	content := apitest.Noise(3 * mib)
	f.mustWrite(t, "/c/file", content)
	remove := f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Container: "c", Fault: swifttest.Fault{Status: http.StatusForbidden}})
	if err := f.Remove(t.Context(), "/c/file"); !errors.Is(err, vfs.ErrPermission) {
		t.Errorf("Remove: %v", err)
	}
	f.has(t, "/c/file", content, "its removal was refused")
	remove()
	f.srv.Inject(swifttest.Rule{Op: swifttest.BulkDelete, Fault: swifttest.Fault{Status: http.StatusForbidden}})
	if err := f.Remove(t.Context(), "/c/file"); err != nil {
		t.Errorf("a removal of which only the segments stay: %v", err)
	}
	f.tidy(t, "/c/file") // they were deleted one by one, because Swift refuses the bulk delete
}
