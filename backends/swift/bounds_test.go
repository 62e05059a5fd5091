package swift

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestTooLarge writes files that no manifest can hold. Each is refused at once, and no object is
// put for it.
func TestTooLarge(t *testing.T) {
	for form, limits := range forms {
		t.Run(form, func(t *testing.T) {
			f := newFake(t, limits, func(c *Config) { c.LargeObjects = largeObjects(form) })
			most := f.large.LargestFile(f.known(t))
			for _, size := range []int64{most + 1, 1 << 50, 1 << 62, math.MaxInt64} {
				w := f.openWriter(t, "/c/file", replace)
				f.srv.ForgetRequests()
				if err := w.Truncate(size); !errors.Is(err, vfs.ErrTooLarge) {
					t.Errorf("Truncate to %d: %v, want ErrTooLarge", size, err)
				}
				if _, err := w.WriteAt([]byte{1}, size-1); !errors.Is(err, vfs.ErrTooLarge) {
					t.Errorf("WriteAt at %d: %v, want ErrTooLarge", size-1, err)
				}
				if n := f.srv.Count(swifttest.PutObject); n > 0 {
					t.Errorf("%d objects are put for what is refused", n)
				}
				w.Close()
				_, err := f.OpenWriter(t.Context(), "/c/file", vfs.WriteOptions{Create: true, Truncate: true, Size: size})
				if !errors.Is(err, vfs.ErrTooLarge) {
					t.Errorf("OpenWriter with the size %d: %v, want ErrTooLarge", size, err)
				}
			}
		})
	}
}

// known returns the limits of the fake's cluster.
func (f *fake) known(t *testing.T) api.Limits {
	t.Helper()
	l, err := f.client.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestManifestsOfFewSegments checks that the largest file is smaller if a cluster's manifests
// permit few segments.
func TestManifestsOfFewSegments(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	largest := int64(0)
	for _, n := range []int{2, 3, 1000, 10_000} {
		l := api.DefaultLimits()
		l.SLOSegments = n
		got := f.large.LargestFile(l)
		if got < largest || got > 1<<16*f.backend.cfg.MaxSegmentSize {
			t.Errorf("with %d segments to a manifest the largest file has %d bytes", n, got)
		}
		largest = got
	}
	l := api.DefaultLimits()
	l.SLOSegments = 2
	if got, want := f.large.LargestFile(l), 512*f.backend.cfg.MaxSegmentSize; got != want {
		t.Errorf("with two segments to a manifest the largest file has %d bytes, want %d", got, want)
	}
}

// TestVastHole writes one byte after a hole of a tebibyte. The hole is one segment that the
// manifest names many times, and changing the file sends no more than the change.
func TestVastHole(t *testing.T) {
	const hole = 1 << 40
	f := newFake(t, swifttest.Limits{}, nil)
	w := f.openWriter(t, "/c/file", replace)
	writeAt(t, w, []byte{7}, hole)
	mustCommit(t, w)
	if sent := f.sent(); sent > 256*mib {
		t.Errorf("%d bytes are sent for a hole", sent)
	}
	f.srv.ForgetRequests()
	w = f.openWriter(t, "/c/file", vfs.WriteOptions{})
	writeAt(t, w, []byte{8}, hole/2)
	mustCommit(t, w)
	r := f.open(t, "/c/file", vfs.OpenOptions{})
	for off, want := range map[int64]byte{0: 0, hole/2 - 1: 0, hole / 2: 8, hole/2 + 1: 0, hole: 7} {
		got := []byte{99}
		if _, err := r.ReadAt(got, off); err != nil && off != hole || !bytes.Equal(got, []byte{want}) {
			t.Errorf("byte %d is %d, %v; want %d", off, got[0], err, want)
		}
	}
}

// TestHoleBeyondQuota makes holes that are larger than the quota permits. The request that makes
// the hole is refused.
func TestHoleBeyondQuota(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize = mib })
	f.quotas(t, 0, 4*mib)
	w := f.openWriter(t, "/c/file", replace)
	if err := w.Truncate(64 * mib); !errors.Is(err, vfs.ErrQuota) {
		t.Errorf("Truncate beyond the quota: %v, want ErrQuota", err)
	}
	if err := w.Truncate(3 * mib); err != nil {
		t.Errorf("Truncate within the quota: %v", err)
	}
	if _, err := w.WriteAt([]byte{1}, 64*mib); !errors.Is(err, vfs.ErrQuota) {
		t.Errorf("WriteAt beyond the quota: %v, want ErrQuota", err)
	}
	if n := f.srv.Count(swifttest.PutObject); n > 0 {
		t.Errorf("%d objects are put", n)
	}
}

// TestGoOnBehindEnd resumes an interrupted upload at an offset after the end of the bytes that have
// arrived.
func TestGoOnBehindEnd(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize = mib })
	data := apitest.Noise(3 * mib)
	f.cutOff(t, "/c/cut", data[:2*mib])
	f.srv.ForgetRequests()
	_, err := f.OpenWriter(t.Context(), "/c/cut", vfs.WriteOptions{Create: true, Offset: 2*mib + 1})
	if !errors.Is(err, vfs.ErrInvalid) {
		t.Errorf("OpenWriter behind the end of a cut-off upload: %v, want ErrInvalid", err)
	}
	for _, r := range f.srv.Requests() {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			t.Errorf("a refused writer sends %s %s", r.Method, r.Path)
		}
	}
	w := f.openWriter(t, "/c/cut", vfs.WriteOptions{Create: true, Offset: 2 * mib})
	if _, err := w.ReadFrom(bytes.NewReader(data[2*mib:])); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, w)
	f.has(t, "/c/cut", data, "what was refused can be gone on with where it ends")
}
