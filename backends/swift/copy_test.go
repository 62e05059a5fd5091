package swift

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"testing"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestCopyLarge copies files that are too large for one object, in all forms, and removes the
// original.
func TestCopyLarge(t *testing.T) {
	const most = 2 * buffers.BlockSize // largest size of an object
	content := apitest.Noise(5*buffers.BlockSize + 1000)
	for name, make := range map[string]func(f *fake){
		"static": func(f *fake) { f.mustWrite(t, "/c/file", content) },
		"changed in place": func(f *fake) {
			f.mustWrite(t, "/c/file", content)
			w, err := f.OpenWriter(t.Context(), "/c/file", vfs.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if _, err := w.WriteAt(content[100:200], 100); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"dynamic": func(f *fake) {
			for i, part := range slices.Collect(slices.Chunk(content, most)) {
				f.putSegment(t, api.Name{Container: "c", Object: "file.part/" + string(rune('0'+i))}, part)
			}
			_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: api.Name{Account: "", Container: "c", Object: "file"}, Header: map[string]string{"X-Object-Manifest": "c/file.part/"}})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, swifttest.Limits{MaxFileSize: most, MaxManifestSegments: 3}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize })
			// The bytes must not come through filegate.
			f.srv.Inject(swifttest.Rule{Op: swifttest.GetObject, Fault: swifttest.Fault{Status: http.StatusTeapot}})
			make(f)
			f.knowParent("/c/dir/copy")
			if err := f.Copy(t.Context(), "/c/file", "/c/dir/copy", vfs.CopyOptions{}); err != nil {
				t.Fatal(err)
			}
			f.srv.Heal()
			f.has(t, "/c/dir/copy", content, "it is a copy")
			if err := f.Remove(t.Context(), "/c/file"); err != nil {
				t.Fatal(err)
			}
			f.has(t, "/c/dir/copy", content, "a copy shares nothing")
			f.tidy(t, "/c/dir/copy")
		})
	}
}

// TestCopyFails checks that a failed copy leaves no segments, and does not change the file at the
// new name.
func TestCopyFails(t *testing.T) {
	const most = 2 * buffers.BlockSize
	old, content := apitest.Noise(buffers.BlockSize+5), apitest.Noise(5*buffers.BlockSize)
	for _, op := range []swifttest.Op{swifttest.CopyObject, swifttest.PutManifest} {
		f := newFake(t, swifttest.Limits{MaxFileSize: most}, func(c *Config) { c.SegmentSize, c.MaxSegmentSize = buffers.BlockSize, buffers.BlockSize })
		f.mustWrite(t, "/c/file", content)
		f.mustWrite(t, "/c/copy", old)
		before := f.segments(t)
		f.srv.Inject(swifttest.Rule{Op: op, After: 1, Fault: swifttest.Fault{Status: http.StatusForbidden}})
		if op == swifttest.PutManifest {
			f.srv.Heal()
			f.srv.Inject(swifttest.Rule{Op: op, Fault: swifttest.Fault{Status: http.StatusForbidden}})
		}
		if err := f.Copy(t.Context(), "/c/file", "/c/copy", vfs.CopyOptions{Replace: true}); !errors.Is(err, vfs.ErrPermission) {
			t.Errorf("%s is refused, and the copy ends with %v", op, err)
		}
		f.srv.Heal()
		f.has(t, "/c/copy", old, "the copy failed")
		f.has(t, "/c/file", content, "it was only to be copied")
		if left := f.segments(t); !slices.Equal(left, before) {
			t.Errorf("%s is refused, and the segments are %q, before %q", op, left, before)
		}
	}
}

// TestCopyReplaced checks that the segments of a file that a copy replaces are deleted.
func TestCopyReplaced(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	f.mustWrite(t, "/c/small", []byte("small"))
	f.mustWrite(t, "/c/large", apitest.Noise(3*mib))
	if err := f.Copy(t.Context(), "/c/small", "/c/large", vfs.CopyOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/large", []byte("small"), "it was replaced by a copy")
	if left := f.segments(t); len(left) > 0 {
		t.Errorf("the segments of what was replaced are there: %q", left)
	}
}

// TestCopyBetweenAccounts copies a large file from a container that another account shares.
func TestCopyBetweenAccounts(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	content := apitest.Noise(3 * mib)
	f.mustWrite(t, "/c/file", content)
	f.share(t, "c", true, false)
	f.share(t, "c_segments", true, false)
	guest := openFS(t, accountIn(f.srv).other(), nil)
	if err := guest.Mkdir(t.Context(), "/own"); err != nil {
		t.Fatal(err)
	}
	from := vfs.Path("/@" + f.client.Account + "/c/file")
	if err := guest.Copy(t.Context(), from, "/own/copy", vfs.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, guest, "/own/copy"); !bytes.Equal(got, content) {
		t.Error("the copy has another content")
	}
	if err := guest.Rename(t.Context(), from, "/own/moved", vfs.RenameOptions{}); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("a large file was moved from one account to another: %v", err)
	}
}
