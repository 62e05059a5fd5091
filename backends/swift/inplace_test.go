package swift

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// newHuge makes a file of 10 GiB, in which all segments are the same one.
func newHuge(t *testing.T) (f *fake, unit []byte) {
	t.Helper()
	f = newFake(t, swifttest.Limits{}, nil)
	unit = apitest.Noise(16 * mib)
	f.putSegment(t, api.Name{Container: "c_segments", Object: "huge/unit"}, unit)
	entries := slices.Repeat([]object.ManifestEntry{{Path: "/c_segments/huge/unit", Etag: api.Pieces{unit}.MD5(), Size: int64(len(unit))}}, 10*gib/len(unit))
	if _, err := f.large.PutManifest(t.Context(), api.Name{Account: "", Container: "c", Object: "huge"}, entries, map[string]string{}); err != nil {
		t.Fatal(err)
	}
	f.srv.ForgetRequests()
	return f, unit
}

// sent returns how many bytes of content were sent to Swift.
func (f *fake) sent() (sum int64) {
	for _, r := range f.srv.Requests() {
		if r.Method == http.MethodPut {
			sum += r.In
		}
	}
	return sum
}

// TestHugeFileChanged changes a small part of a file of 10 GiB. The number of bytes that are sent
// is about the size of the change.
func TestHugeFileChanged(t *testing.T) {
	for name, tt := range map[string]struct {
		at   int64
		most int64 // bytes sent
	}{
		"in the middle":      {5*gib - 12345, 4 * mib},
		"at the beginning":   {0, 4 * mib},
		"at the end":         {10*gib - mib, 4 * mib},
		"behind the old end": {10 * gib, 4 * mib},
	} {
		t.Run(name, func(t *testing.T) {
			f, unit := newHuge(t)
			w := f.openWriter(t, "/c/huge", vfs.WriteOptions{})
			change := apitest.Noise(mib)
			writeAt(t, w, change, tt.at)
			mustCommit(t, w)
			if sent := f.sent(); sent > tt.most {
				t.Errorf("%d bytes were sent for a change of %d", sent, len(change))
			}
			r := f.open(t, "/c/huge", vfs.OpenOptions{})
			got := make([]byte, 3*mib)
			from := max(tt.at-mib, 0)
			n, _ := r.ReadAt(got, from)
			for i := range got[:n] {
				at := from + int64(i)
				want := unit[at%int64(len(unit))]
				if at >= tt.at && at < tt.at+mib {
					want = change[at-tt.at]
				}
				if got[i] != want {
					t.Fatalf("the byte at %d is a wrong one", at)
				}
			}
		})
	}
}

// TestHugeFileInCrumbs makes many small changes near each other in a file of 10 GiB, by many
// uploads and in one. They are combined into larger segments.
func TestHugeFileInCrumbs(t *testing.T) {
	f, unit := newHuge(t)
	const edits, step, from = 400, 20_000, 3 * gib
	want := bytes.Clone(unit)
	edit := func(w *object.Writer, i int) {
		change := apitest.Noise(10)
		writeAt(t, w, change, from+int64(i)*step)
		copy(want[(from%len(unit))+i*step:], change)
	}
	for i := range 20 {
		w := f.openWriter(t, "/c/huge", vfs.WriteOptions{})
		edit(w, i)
		mustCommit(t, w)
	}
	w := f.openWriter(t, "/c/huge", vfs.WriteOptions{})
	for i := range edits {
		edit(w, i)
	}
	mustCommit(t, w)
	l, err := f.large.LayoutOf(t.Context(), api.Name{Account: "", Container: "c", Object: "huge"}, 10*gib, 10)
	if err != nil {
		t.Fatal(err)
	}
	if most := 10*gib/len(unit) + edits*step/mib + 10; len(l) > most {
		t.Errorf("the file lies in %d pieces, want at most %d", len(l), most)
	}
	if sent := f.sent(); sent > 2*edits*step {
		t.Errorf("%d bytes were sent", sent)
	}
	got := make([]byte, edits*step)
	if _, err := f.open(t, "/c/huge", vfs.OpenOptions{}).ReadAt(got, from); err != nil || !bytes.Equal(got, want[from%len(unit):][:len(got)]) {
		t.Errorf("the changed part is another one, or: %v", err)
	}
}
