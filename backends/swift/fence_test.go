package swift

import (
	"bytes"
	"net/http"
	"sync"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestLateUpload delays the first attempt of an upload on the way to Swift until other content has
// been stored.
func TestLateUpload(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		first  int // size of the old file; negative: none
		size   int
		at     swifttest.Point
		remove bool // the file is removed at the end
		doubt  bool // a request was given up before
		op     swifttest.Op
	}{
		{"over a file", 10, 1000, swifttest.AtStart, false, false, swifttest.PutObject},
		{"over a file, after its header", 10, 1000, swifttest.InRequest, false, false, swifttest.PutObject},
		{"of nothing over a file", 10, 0, swifttest.AtStart, false, false, swifttest.PutObject},
		{"of a new file", -1, 1000, swifttest.AtStart, false, false, swifttest.PutObject},
		{"of a new file, after its header", -1, 1000, swifttest.InRequest, false, false, swifttest.PutObject},
		{"of a new file that is removed then", -1, 1000, swifttest.AtStart, true, true, swifttest.PutObject},
		{"over a file that is removed then", 10, 1000, swifttest.InRequest, true, false, swifttest.PutObject},
		{"of a manifest", 10, 3 * buffers.BlockSize, swifttest.AtStart, false, false, swifttest.PutManifest},
		{"of a manifest, after its header", 10, 3 * buffers.BlockSize, swifttest.InRequest, false, false, swifttest.PutManifest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, swifttest.Limits{}, func(c *Config) {
				c.SegmentSize, c.ResumeRetention = buffers.BlockSize, 0
			})
			f.client.Stall = 200 * time.Millisecond
			const p = "/c/file"
			if tt.first >= 0 {
				f.mustWrite(t, p, apitest.Noise(tt.first))
			}
			if tt.doubt {
				f.backend.store.Doubt.Note()
			}
			held := make(chan struct{})
			release := sync.OnceFunc(func() { close(held) })
			defer release()
			f.srv.Inject(swifttest.Rule{Op: tt.op, Object: "file", Times: 1, Fault: swifttest.Fault{At: tt.at, Late: true, Stall: held}})
			f.mustWrite(t, p, apitest.Noise(tt.size))
			want := apitest.Noise(777)
			f.mustWrite(t, p, want)
			if tt.remove {
				if err := f.Remove(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			release()
			apitest.Eventually(t, "the late request has come to its end", func() bool {
				for _, r := range f.srv.Requests() {
					if r.Ended.IsZero() {
						return false
					}
				}
				return true
			})
			if tt.remove {
				if _, err := f.read(t.Context(), p); vfs.Kind(err) != vfs.ErrNotExist {
					t.Errorf("the file that was removed is back (%v)", err)
				}
				return
			}
			f.has(t, p, want, "an upload that was given up has taken the place of a later one")
		})
	}
}

// TestOvertaken writes while the store already has a later version, as it may if the clocks of its
// servers differ.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	f := newFake(t, swifttest.Limits{}, nil)
	const p = "/c/file"
	f.mustWrite(t, p, apitest.Noise(10))
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Times: 2, Fault: swifttest.Fault{Status: http.StatusAccepted}})
	want := bytes.Repeat([]byte("x"), 100)
	f.mustWrite(t, p, want)
	f.has(t, p, want, "an upload that the store has not kept is told to be stored")
	f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Times: 2, Fault: swifttest.Fault{Status: http.StatusConflict}})
	if err := f.Remove(t.Context(), p); err != nil {
		t.Errorf("removing what the store has a later version of: %v", err)
	}
	if _, err := f.read(t.Context(), p); vfs.Kind(err) != vfs.ErrNotExist {
		t.Errorf("the file is still there: %v", err)
	}
}
