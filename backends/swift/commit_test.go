package swift

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/object"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

func (f *fake) openWriter(t *testing.T, p vfs.Path, opts vfs.WriteOptions) *object.Writer {
	t.Helper()
	w, err := f.OpenWriter(t.Context(), p, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w.(*object.Writer)
}

func writeAt(t *testing.T, w vfs.Writer, data []byte, off int64) {
	t.Helper()
	if _, err := w.WriteAt(data, off); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, w vfs.Writer, size int64) {
	t.Helper()
	if err := w.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

func mustCommit(t *testing.T, w vfs.Writer) {
	t.Helper()
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
}

// TestExclusiveTwins has two clients create the same file exclusively with the same content, such
// as an empty lock file. Only one succeeds.
func TestExclusiveTwins(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	exclusive := vfs.WriteOptions{Create: true, Truncate: true, Exclusive: true}
	for _, size := range []int{0, 1000, 2*mib + 1000} {
		data := apitest.Noise(size)
		made := 0
		var twins []*object.Writer
		for range 2 {
			w := f.openWriter(t, "/c/lock", exclusive)
			writeAt(t, w, data, 0)
			twins = append(twins, w)
		}
		for _, w := range twins {
			switch _, err := w.Commit(t.Context()); {
			case err == nil:
				made++
			case !errors.Is(err, vfs.ErrExist):
				t.Errorf("%d bytes: %v", size, err)
			}
			w.Close()
		}
		if made != 1 {
			t.Errorf("%d clients have made the file of %d bytes, want 1", made, size)
		}
		f.tidy(t, "/c/lock")
		if err := f.Remove(t.Context(), "/c/lock"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExclusiveAnswerLost loses the answer to the PUT that created the file. The second attempt
// finds the file.
func TestExclusiveAnswerLost(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	for op, size := range map[swifttest.Op]int{swifttest.PutObject: 1000, swifttest.PutManifest: 2*mib + 1000} {
		data := apitest.Noise(size)
		f.srv.Inject(swifttest.Rule{Op: op, Container: "c", Times: 1, Fault: swifttest.Fault{At: swifttest.AtAnswer, Cut: true}})
		if _, err := f.write(t.Context(), "/c/lock", data, vfs.WriteOptions{Create: true, Truncate: true, Exclusive: true}); err != nil {
			t.Errorf("%v: %v; the file is there, and it is ours", op, err)
		}
		f.has(t, "/c/lock", data, "what was told as made is there")
		if err := f.Remove(t.Context(), "/c/lock"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCutUploadGivesMemoryBack closes uploads that can be resumed; newFake checks that their memory
// is freed.
func TestCutUploadGivesMemoryBack(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	for _, size := range []int{100, mib - 1, mib + 5, 3*mib + 100_000} {
		w := f.openWriter(t, "/c/file", replace)
		writeAt(t, w, apitest.Noise(size), 0)
		w.Close()
	}
}

// TestRenameAgain repeats the rename of a large file whose old name could not be deleted: both
// names have the same segments.
func TestRenameAgain(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.Patience = 0 })
	data := apitest.Noise(2*mib + 1000)
	f.mustWrite(t, "/c/old", data)
	f.srv.Inject(swifttest.Rule{Op: swifttest.DeleteObject, Fault: swifttest.Fault{Status: 503}})
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{}); vfs.Kind(err) != vfs.ErrUnavailable {
		t.Fatalf("Rename: %v", err)
	}
	f.srv.Heal()
	if err := f.Rename(t.Context(), "/c/old", "/c/new", vfs.RenameOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/new", data, "the segments that the replaced name stood for are those of the file itself")
	f.tidy(t, "/c/new")
}

// TestInPlaceOfWhatIsGone changes a file that another client renames, removes or replaces
// meanwhile.
func TestInPlaceOfWhatIsGone(t *testing.T) {
	for _, size := range []int{100_000, 2*mib + 1000} {
		for name, meanwhile := range map[string]func(f *fake) error{
			"renamed": func(f *fake) error { return f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{}) },
			"removed": func(f *fake) error { return f.Remove(t.Context(), "/c/file") },
			"replaced": func(f *fake) error {
				_, err := f.write(t.Context(), "/c/file", apitest.Noise(3*mib), replace)
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				f := newFake(t, swifttest.Limits{}, nil)
				data := apitest.Noise(size)
				f.mustWrite(t, "/c/file", data)
				w := f.openWriter(t, "/c/file", vfs.WriteOptions{})
				writeAt(t, w, apitest.Noise(10), 50)
				if err := meanwhile(f); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Commit(t.Context()); !errors.Is(err, vfs.ErrChanged) {
					t.Errorf("Commit over a file that is another one by now: %v, want %v", err, vfs.ErrChanged)
				}
				w.Close()
				if name == "renamed" {
					f.has(t, "/c/other", data, "a file is not harmed by who had it open under its old name")
				}
			})
		}
	}
}

// TestNestedManifests stores files of more segments than one manifest may name.
func TestNestedManifests(t *testing.T) {
	f := newFake(t, swifttest.Limits{MaxManifestSegments: 3, MaxDeletes: 4}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize })
	data := apitest.Noise(5*mib + 1000) // 21 segments in 7 manifests in 3 in 1
	f.mustWrite(t, "/c/file", data)
	f.has(t, "/c/file", data, "a manifest of manifests is a file like any other")
	f.tidy(t, "/c/file")

	w := f.openWriter(t, "/c/file", vfs.WriteOptions{})
	change := apitest.Noise(300_000)
	writeAt(t, w, change, 2*mib-100_000)
	copy(data[2*mib-100_000:], change)
	got := make([]byte, 400_000)
	if _, err := w.ReadAt(got, 2*mib-150_000); err != nil || !bytes.Equal(got, data[2*mib-150_000:][:len(got)]) {
		t.Errorf("reading what is being changed: %v, or the wrong bytes", err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f.has(t, "/c/file", data, "a part of it can be changed")
	f.tidy(t, "/c/file")

	if err := f.Rename(t.Context(), "/c/file", "/c/other", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/other", data, "it can be renamed")
	f.mustWrite(t, "/c/other", apitest.Noise(600_000))
	f.tidy(t, "/c/other")
	if err := f.Remove(t.Context(), "/c/other"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{}, f.segments(t), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("segments are left when the file is gone (-want +got):\n%s", diff)
	}
}

// TestCrumbs changes a file in so many places that its manifest is compacted.
func TestCrumbs(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize })
	data := apitest.Noise(4 * mib)
	f.mustWrite(t, "/c/file", data)
	w := f.openWriter(t, "/c/file", vfs.WriteOptions{})
	for i := range 200 {
		off := i * 20_000
		writeAt(t, w, []byte{1, 2, 3}, int64(off))
		copy(data[off:], []byte{1, 2, 3})
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f.has(t, "/c/file", data, "many small changes are changes")
	f.tidy(t, "/c/file")
	if n := len(f.needed(t, api.Name{Account: "", Container: "c", Object: "file"})); n > 64 {
		t.Errorf("the file lies in %d segments", n)
	}
}

// TestCommitCanceled ends the context at each request of a Commit.
func TestCommitCanceled(t *testing.T) {
	for _, op := range []swifttest.Op{swifttest.HeadObject, swifttest.GetManifest, swifttest.PutObject, swifttest.PutManifest} {
		for _, at := range []swifttest.Point{swifttest.AtStart, swifttest.AtAnswer} {
			f := newFake(t, swifttest.Limits{}, nil)
			old, data := apitest.Noise(2*mib+1000), apitest.Noise(mib+1000)
			f.mustWrite(t, "/c/file", old)
			w := f.openWriter(t, "/c/file", replace)
			writeAt(t, w, data, 0)
			ctx, cancel := context.WithCancel(t.Context())
			f.srv.Inject(swifttest.Rule{Op: op, Fault: swifttest.Fault{At: at, Call: cancel, Delay: 50 * time.Millisecond}})
			_, err := w.Commit(ctx)
			cancel()
			w.Close()
			f.srv.Heal()
			got, readErr := f.read(t.Context(), "/c/file")
			isNew := bytes.Equal(got, data)
			if readErr != nil || !isNew && !bytes.Equal(got, old) || err == nil && !isNew {
				t.Errorf("canceled in a %v: Commit = %v, and the file has %d bytes, %v", op, err, len(got), readErr)
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("canceled in a %v: Commit = %v", op, err)
			}
			f.complete(t, "/c/file")
		}
	}
}

// TestUploadCutByTheClient ends the source with io.ErrUnexpectedEOF, as an interrupted TLS
// connection does. The bytes so far are not published.
func TestUploadCutByTheClient(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	old := apitest.Noise(1000)
	for _, size := range []int{0, 1, 1000, buffers.BlockSize, 2*mib + 1000} {
		f.mustWrite(t, "/c/file", old)
		w := f.openWriter(t, "/c/file", replace)
		cut := io.MultiReader(bytes.NewReader(apitest.Noise(size)), iotest.ErrReader(io.ErrUnexpectedEOF))
		if _, err := w.ReadFrom(cut); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ReadFrom of %d bytes that were cut off: %v", size, err)
		}
		if _, err := w.Commit(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("Commit of %d bytes that were cut off: %v", size, err)
		}
		w.Close()
		f.has(t, "/c/file", old, "an upload that was cut off is not published")
	}
}

// TestTruncatedToNothing truncates a file to 0 bytes after segments of it were sent.
func TestTruncatedToNothing(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	for _, old := range []int{-1, 1000, 2*mib + 1000} {
		if old >= 0 {
			f.mustWrite(t, "/c/file", apitest.Noise(old))
		}
		w := f.openWriter(t, "/c/file", vfs.WriteOptions{Create: true})
		writeAt(t, w, apitest.Noise(3*mib), 0)
		if err := w.Truncate(0); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Close()
		f.has(t, "/c/file", nil, "it is empty")
		f.tidy(t, "/c/file")
	}
}
