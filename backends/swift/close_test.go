package swift

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestCloseWaits closes an upload while Swift is slow to store a segment. Segments that are stored
// late are deleted too.
func TestCloseWaits(t *testing.T) {
	for name, end := range map[string]func(cancel context.CancelFunc){
		"given up":     func(context.CancelFunc) {},
		"disconnected": func(cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{}, func(c *Config) {
				c.SegmentSize, c.MaxSegmentSize, c.ResumeRetention, c.Stall = buffers.BlockSize, buffers.BlockSize, 0, time.Minute
			})
			began, goOn := make(chan struct{}), make(chan struct{})
			f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Container: "c_segments", Times: 1, Fault: swifttest.Fault{Call: func() {
				close(began)
				<-goOn
			}}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w, err := f.OpenWriter(ctx, "/c/file", replace)
			if err != nil {
				t.Fatal(err)
			}
			writeAt(t, w, apitest.Noise(2*buffers.BlockSize), 0)
			<-began
			end(cancel)
			closed := make(chan error)
			go func() { closed <- w.Close() }()
			apitest.Eventually(t, "the writer is being closed", func() bool {
				_, err := w.WriteAt([]byte("x"), 10*buffers.BlockSize)
				return err != nil
			})
			if n := f.srv.Count(swifttest.DeleteObject) + f.srv.Count(swifttest.BulkDelete); n != 0 {
				t.Error("segments are deleted while one of them is under way")
			}
			close(goOn)
			if err := <-closed; err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{}, f.segments(t), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("segments are left of an upload that was given up (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCutUploadKeepsWhatIsUnderWay ends the session while segments are being sent. All bytes that
// the client has sent are kept.
func TestCutUploadKeepsWhatIsUnderWay(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.srv.Inject(swifttest.Rule{Op: swifttest.PutObject, Container: "c_segments", Fault: swifttest.Fault{Delay: 50 * time.Millisecond}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, err := f.OpenWriter(ctx, "/c/file", replace)
	if err != nil {
		t.Fatal(err)
	}
	const size = 5*mib + 1234
	writeAt(t, w, apitest.Noise(size), 0)
	cancel()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if info, err := f.Stat(t.Context(), "/c/file"); err != nil || !info.Partial || info.Size != size {
		t.Errorf("Stat = %+v, %v; want a partial file of the %d bytes that were taken", info, err, size)
	}
}

// cutOff makes an interrupted upload.
func (f *fake) cutOff(t *testing.T, p vfs.Path, data []byte) {
	t.Helper()
	w := f.openWriter(t, p, replace)
	writeAt(t, w, data, 0)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRetention has interrupted uploads that are older than the retention time. They are not found
// any more, and the next upload of a large file removes their segments. Newer ones stay.
func TestRetention(t *testing.T) {
	for form, limits := range forms {
		t.Run(form, func(t *testing.T) {
			f := newFake(t, limits, func(c *Config) { c.LargeObjects = largeObjects(form) })
			if err := f.Mkdir(t.Context(), "/c/dir"); err != nil {
				t.Fatal(err)
			}
			for _, p := range []vfs.Path{"/c/a", "/c/dir/b"} {
				f.cutOff(t, p, apitest.Noise(2*mib+5))
			}
			f.mustWrite(t, "/c/first", apitest.Noise(2*mib+5))
			for _, p := range []vfs.Path{"/c/a", "/c/dir/b"} {
				if info, err := f.Stat(t.Context(), p); err != nil || !info.Partial {
					t.Errorf("%q within the retention time is %+v, %v", p, info, err)
				}
			}
			f.backend.writing.Retention = time.Nanosecond
			for _, p := range []vfs.Path{"/c/a", "/c/dir/b"} {
				if info, err := f.Stat(t.Context(), p); vfs.Kind(err) != vfs.ErrNotExist {
					t.Errorf("%q after the retention time is %+v, %v", p, info, err)
				}
			}
			f.uploads.Known.Forget()
			f.mustWrite(t, "/c/second", apitest.Noise(2*mib+5))
			want := slices.Concat(f.needed(t, api.Name{Account: "", Container: "c", Object: "first"}), f.needed(t, api.Name{Account: "", Container: "c", Object: "second"}))
			slices.Sort(want)
			if diff := cmp.Diff(want, f.segments(t)); diff != "" {
				t.Errorf("the segments are not those of the two files (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRemovedElsewhere removes a file while its upload is running. The upload does not become a
// file with missing parts.
func TestRemovedElsewhere(t *testing.T) {
	for form, limits := range forms {
		f := newFake(t, limits, func(c *Config) { c.LargeObjects, c.Patience = largeObjects(form), 200*time.Millisecond })
		w := f.openWriter(t, "/c/file", replace)
		writeAt(t, w, apitest.Noise(3*mib), 0)
		if err := w.WaitSent(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.Remove(t.Context(), "/c/file"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); vfs.Kind(err) != vfs.ErrChanged && vfs.Kind(err) != vfs.ErrUnavailable {
			t.Errorf("%s: Commit of an upload that was removed: %v", form, err)
		}
		if _, err := f.read(t.Context(), "/c/file"); vfs.Kind(err) != vfs.ErrNotExist {
			t.Errorf("%s: the file is there, or: %v", form, err)
		}
	}
}

// TestManifestRefused has Swift refuse the request that publishes an upload, resumed or not. After
// that the upload cannot be resumed, so nothing of it stays.
func TestManifestRefused(t *testing.T) {
	for name, cut := range map[string]int{"in one go": 0, "gone on with": 2*mib + 5000} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{}, nil)
			data := apitest.Noise(4*mib + 1000)
			if cut > 0 {
				w := f.openWriter(t, "/c/x", vfs.WriteOptions{Create: true})
				writeAt(t, w, data[:cut], 0)
				w.Close()
			}
			f.srv.Inject(swifttest.Rule{Op: swifttest.PutManifest, Fault: swifttest.Fault{Status: http.StatusForbidden}})
			w := f.openWriter(t, "/c/x", vfs.WriteOptions{Create: true})
			writeAt(t, w, data[cut:], int64(cut))
			if _, err := w.Commit(t.Context()); vfs.Kind(err) != vfs.ErrPermission {
				t.Errorf("Commit: %v, want %v", err, vfs.ErrPermission)
			}
			w.Close()
			f.tidy(t, "/c/x")
		})
	}
}
