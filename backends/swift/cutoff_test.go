package swift

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// cutUpload makes an interrupted upload of the file, and returns the bytes that have arrived.
func cutUpload(t *testing.T, f *FS, p vfs.Path) []byte {
	t.Helper()
	data := apitest.Noise(3*mib + 100)
	f.knowParent(p)
	w, err := f.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f.lookAnew()
	return data
}

// lookAnew makes the session forget which containers have interrupted uploads.
func (f *FS) lookAnew() {
	f.uploads.Known.Forget()
}

// isCut checks that the file is an interrupted upload that can be resumed.
func isCut(t *testing.T, f *FS, p vfs.Path, data []byte) {
	t.Helper()
	f.lookAnew()
	if info, err := f.Stat(t.Context(), p); err != nil || !info.Partial || info.Size != int64(len(data)) {
		t.Errorf("Stat(%q) = %+v, %v, want a cut-off upload of %d bytes", p, info, err, len(data))
	}
	w, err := f.OpenWriter(t.Context(), p, vfs.WriteOptions{Create: true, Offset: vfs.AtEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.ReadFrom(strings.NewReader("end")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := contentOf(t, f, p); err != nil || !bytes.Equal(got, append(bytes.Clone(data), "end"...)) {
		t.Errorf("%q has %d bytes after the upload was gone on with (%v), and should have %d", p, len(got), err, len(data)+3)
	}
}

func hasContainer(t *testing.T, f *FS, container string) bool {
	t.Helper()
	_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodHead, Target: api.Name{Container: container}})
	if err != nil && api.StatusOf(err) != http.StatusNotFound {
		t.Fatal(err)
	}
	return err == nil
}

// eachForm runs a test for each form of large files, on the fake and on a real Swift.
func eachForm(t *testing.T, test func(t *testing.T, f *FS, top vfs.Path)) {
	for form, limits := range forms {
		t.Run(form, func(t *testing.T) {
			f := openFS(t, accountIn(swifttest.Start(t, swifttest.Config{Limits: limits})), func(c *Config) { c.LargeObjects = largeObjects(form) })
			test(t, f, makeContainer(t, f))
		})
		t.Run(form+" real", func(t *testing.T) {
			f := openFS(t, realSwift(t), func(c *Config) { c.LargeObjects = largeObjects(form) })
			test(t, f, makeContainer(t, f))
		})
	}
}

// TestCutOffHoldsDirectory checks that a directory or container with an interrupted upload, which
// listings show as a file, cannot be removed before the upload is removed. After that nothing of
// the upload is left.
func TestCutOffHoldsDirectory(t *testing.T) {
	eachForm(t, func(t *testing.T, f *FS, top vfs.Path) {
		d := top + "/d"
		if err := f.Mkdir(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		for dir, p := range map[vfs.Path]vfs.Path{top: top + "/cut", d: d + "/cut"} {
			cutUpload(t, f, p)
			if err := f.Rmdir(t.Context(), dir); !errors.Is(err, vfs.ErrNotEmpty) {
				t.Errorf("Rmdir(%q) with a cut-off upload in it: %v, want %v", dir, err, vfs.ErrNotEmpty)
			}
		}
		for _, p := range []vfs.Path{d + "/cut", top + "/cut"} {
			if err := f.Remove(t.Context(), p); err != nil {
				t.Errorf("removing a cut-off upload: %v", err)
			}
		}
		segments := api.SegmentsContainer(string(top[1:]))
		if hasContainer(t, f, segments) {
			t.Errorf("%s is still there, and nothing is in it", segments)
		}
		for _, dir := range []vfs.Path{d, top} {
			if err := f.Rmdir(t.Context(), dir); err != nil {
				t.Errorf("Rmdir(%q) without the upload: %v", dir, err)
			}
		}
	})
}

// TestCutOffGoesAlong renames a directory with interrupted uploads in it, and then one of the
// uploads.
func TestCutOffGoesAlong(t *testing.T) {
	eachForm(t, func(t *testing.T, f *FS, top vfs.Path) {
		if err := errors.Join(f.Mkdir(t.Context(), top+"/d"), f.Mkdir(t.Context(), top+"/d/sub")); err != nil {
			t.Fatal(err)
		}
		data, deep := cutUpload(t, f, top+"/d/cut"), cutUpload(t, f, top+"/d/sub/cut")
		// Twice, because the segments stay where they are.
		for i, names := range [][2]vfs.Path{{"/d", "/e"}, {"/e", "/f"}, {"/f/cut", "/f/other"}} {
			if err := f.Rename(t.Context(), top+names[0], top+names[1], vfs.RenameOptions{}); err != nil {
				t.Fatalf("rename %d: %v", i, err)
			}
			f.lookAnew()
			if _, err := f.Stat(t.Context(), top+names[0]); !errors.Is(err, vfs.ErrNotExist) {
				t.Errorf("rename %d: the old name is still there: %v", i, err)
			}
		}
		isCut(t, f, top+"/f/other", data)
		isCut(t, f, top+"/f/sub/cut", deep)
	})
}

// TestCutOffRenamedOnto renames an interrupted upload to names that are taken.
func TestCutOffRenamedOnto(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	data := cutUpload(t, f.FS, "/c/cut")
	f.mustWrite(t, "/c/file", []byte("x"))
	cutUpload(t, f.FS, "/c/other")
	if err := f.Mkdir(t.Context(), "/c/dir"); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[vfs.Path]error{"/c/file": vfs.ErrExist, "/c/other": vfs.ErrExist, "/c/dir": vfs.ErrIsDir, "/c/no/where": vfs.ErrNotExist} {
		if err := f.Rename(t.Context(), "/c/cut", to, vfs.RenameOptions{}); !errors.Is(err, want) {
			t.Errorf("rename to %q: %v, want %v", to, err, want)
		}
	}
	if err := f.Rename(t.Context(), "/c/cut", "/c/other", vfs.RenameOptions{Replace: true}); err != nil {
		t.Fatal(err)
	}
	isCut(t, f.FS, "/c/other", data)
	f.tidy(t, "/c/other")
}

// TestCutOffUnseen removes a directory, and then a container, that contain only uploads which no
// listing shows: the uploads are removed too.
func TestCutOffUnseen(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	if err := f.Mkdir(t.Context(), "/c/d"); err != nil {
		t.Fatal(err)
	}
	cutUpload(t, f.FS, "/c/d/sub/cut")
	cutUpload(t, f.FS, "/c/sub/cut")
	if err := f.Rmdir(t.Context(), "/c/d"); err != nil {
		t.Fatal(err)
	}
	for _, s := range f.segments(t) {
		if strings.Contains(s, "d/sub/cut") {
			t.Errorf("%q is left of an upload in a removed directory", s)
		}
	}
	if err := f.Rmdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	if hasContainer(t, f.FS, "c_segments") {
		t.Errorf("%q is left of a removed container", f.segments(t))
	}
}

// TestCutOffInUse renames the directory of a running upload: the file gets the name that its upload
// was begun with.
func TestCutOffInUse(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	if err := f.Mkdir(t.Context(), "/c/d"); err != nil {
		t.Fatal(err)
	}
	data := apitest.Noise(3 * mib)
	w, err := f.OpenWriter(t.Context(), "/c/d/file", replace)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := f.Rename(t.Context(), "/c/d", "/c/e", vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.has(t, "/c/d/file", data, "the upload was under way")
}

// TestSegmentsContainerStays checks that a container for segments is not removed if it has segments
// of other files, or access lists of its own.
func TestSegmentsContainerStays(t *testing.T) {
	f := newFake(t, swifttest.Limits{}, nil)
	set := func(container, read string) {
		_, err := f.client.Send(t.Context(), api.Request{
			Method: http.MethodPost, Target: api.Name{Container: container}, Header: map[string]string{"X-Container-Read": read},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		set  func()
		want bool
	}{
		"another file":                {func() { f.mustWrite(t, "/c/other", apitest.Noise(3*mib)) }, true},
		"rights of its own":           {func() { set("c_segments", "test2") }, true},
		"the rights of its container": {func() { set("c", "test2"); set("c_segments", "test2") }, false},
	} {
		f.mustWrite(t, "/c/big", apitest.Noise(3*mib))
		c.set()
		if err := f.Remove(t.Context(), "/c/big"); err != nil {
			t.Fatal(err)
		}
		if got := hasContainer(t, f.FS, "c_segments"); got != c.want {
			t.Errorf("with %s: the container of segments is there: %t, want %t", what, got, c.want)
		}
		if what == "another file" {
			if err := f.Remove(t.Context(), "/c/other"); err != nil {
				t.Fatal(err)
			}
		}
		set("c", "")
		if hasContainer(t, f.FS, "c_segments") {
			removeContainer(t, f.FS, api.Name{Container: "c_segments"})
		}
	}
}
