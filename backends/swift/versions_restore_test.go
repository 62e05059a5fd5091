package swift

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
	"filegate/core/vfs"
)

// TestRestore restores versions, to their file and to other names.
func TestRestore(t *testing.T) {
	inEveryWay(t, keeping, func(t *testing.T, f *fake, how string) {
		ctx := t.Context()
		file := f.dir.Join("dir/file")
		small, large, last := apitest.Noise(100), apitest.Noise(2*mib+1000), apitest.Noise(300)
		given := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		f.mustWrite(t, file, small)
		if err := f.SetAttrs(ctx, file, vfs.Attrs{ModTime: &given}); err != nil {
			t.Fatal(err)
		}
		f.mustWrite(t, file, large)
		f.mustWrite(t, file, last)
		oldest, middle := f.version(t, "dir/file", 0), f.version(t, "dir/file", 1)
		if err := f.Rename(ctx, oldest, file, vfs.RenameOptions{}); vfs.Kind(err) != vfs.ErrExist {
			t.Errorf("renaming a version to what is there: %v, want %v", err, vfs.ErrExist)
		}
		f.has(t, file, last, "it was not replaced")
		for _, tt := range []struct {
			from vfs.Path
			want []byte
		}{{oldest, small}, {middle, large}, {oldest, small}, {oldest, small}} {
			if err := f.Rename(ctx, tt.from, file, vfs.RenameOptions{Replace: true}); err != nil {
				t.Errorf("renaming %q: %v", tt.from, err)
			}
			f.has(t, file, tt.want, "a version came back")
			infos, err := listAll(ctx, f, f.dir.Join("dir"))
			if err != nil || len(infos) != 1 || infos[0].Size != int64(len(tt.want)) {
				t.Errorf("the directory lists %v (%v), want %d bytes", infos, err, len(tt.want))
			}
			f.has(t, tt.from, tt.want, "it is a version still")
		}
		if info, err := f.Stat(ctx, file); err != nil || !info.ModTime.Equal(given) {
			t.Errorf("the file that came back has the time %v (%v), want its own", info.ModTime, err)
		}
		for i, from := range []vfs.Path{oldest, middle} {
			want := [][]byte{small, large}[i]
			renamed, copied := f.dir.Join(fmt.Sprint("renamed", i)), f.dir.Join(fmt.Sprint("copied", i))
			if err := errors.Join(f.Rename(ctx, from, renamed, vfs.RenameOptions{}), f.Copy(ctx, from, copied, vfs.CopyOptions{})); err != nil {
				t.Errorf("%q elsewhere: %v", from, err)
			}
			f.has(t, renamed, want, "a version was renamed to it")
			f.has(t, copied, want, "a version was copied to it")
			f.has(t, from, want, "it is a version still")
		}
		for _, p := range []vfs.Path{"/", f.dir, f.dir.Join("dir"), f.dir + "-none/file"} {
			if err := f.Rename(ctx, oldest, p, vfs.RenameOptions{Replace: true}); err == nil {
				t.Errorf("a version became %q", p)
			}
		}
		if how == "X-Versions-Location" {
			return
		}
		if err := f.Remove(ctx, file); err != nil {
			t.Fatal(err)
		}
		if err := f.Rename(ctx, middle, file, vfs.RenameOptions{}); err != nil {
			t.Errorf("bringing back what was removed: %v", err)
		}
		f.has(t, file, large, "it came back after it was removed")
	})
}

// TestVersionsFromBeforeInTree has files from before versions were kept, and from after that was
// turned off.
func TestVersionsFromBeforeInTree(t *testing.T) {
	onEverySwift(t, func(t *testing.T, f *fake) {
		ctx := t.Context()
		file, before := f.dir.Join("file"), apitest.Noise(100)
		f.mustWrite(t, file, before)
		f.keepVersions(t, "X-Versions-Enabled")
		f.hasVersions(t, "file", "it is from before", before)
		v := f.version(t, "file", 0)
		if err := f.Rename(ctx, v, file, vfs.RenameOptions{Replace: true}); err != nil {
			t.Errorf("bringing back what is current: %v", err)
		}
		after := apitest.Noise(200)
		f.mustWrite(t, file, after)
		f.has(t, v, before, "it has the same name as before")
		f.hasVersions(t, "file", "one is from before", before, after)
		f.change(t, "X-Versions-Enabled", "false")
		late := apitest.Noise(300)
		f.mustWrite(t, file, late)
		f.hasVersions(t, "file", "the last is no version, and is current", before, after, late)
		f.change(t, "X-Versions-Enabled", "true")
		if err := f.Rename(ctx, v, file, vfs.RenameOptions{Replace: true}); err != nil {
			t.Errorf("bringing back the first: %v", err)
		}
		f.has(t, file, before, "it came back")
		if all := f.contents(t, "file"); !slices.ContainsFunc(all, func(b []byte) bool { return bytes.Equal(b, late) }) {
			t.Error("what had no version was lost when another took its place")
		}
	})
}

// TestVersionsOfDynamicLargeObjects keeps and restores versions of dynamic large objects, which
// consist only of what Swift lists.
func TestVersionsOfDynamicLargeObjects(t *testing.T) {
	dlo := func(c *Config) { c.LargeObjects = largeDLO }
	test := func(t *testing.T, f *fake, how string) {
		f.keepVersions(t, how)
		file, one, two := f.dir.Join("file"), apitest.Noise(2*mib+1000), apitest.Noise(2*mib+2000)
		f.mustWrite(t, file, one)
		f.mustWrite(t, file, two)
		f.mustWrite(t, file, apitest.Noise(10))
		if got := f.contents(t, "file"); len(got) < 2 || !bytes.Equal(got[0], one) || !bytes.Equal(got[1], two) {
			t.Errorf("%d versions, or not with their contents", len(got))
		}
		v := f.version(t, "file", 0)
		if err := f.Rename(t.Context(), v, file, vfs.RenameOptions{Replace: true}); err != nil {
			t.Fatal(err)
		}
		f.has(t, file, one, "it came back")
		f.mustWrite(t, file, apitest.Noise(10))
		f.has(t, v, one, "what it came back as was replaced")
		if err := f.Rename(t.Context(), v, f.dir.Join("other"), vfs.RenameOptions{}); err != nil {
			t.Fatal(err)
		}
		f.has(t, f.dir.Join("other"), one, "it was renamed to another file")
	}
	for _, how := range keeping {
		t.Run(how, func(t *testing.T) {
			t.Run("Fake", func(t *testing.T) { test(t, newFake(t, swifttest.Limits{}, dlo), how) })
			t.Run("Real", func(t *testing.T) {
				t.Parallel()
				fsys := openFS(t, realSwift(t), dlo)
				test(t, &fake{FS: fsys, dir: makeContainer(t, fsys)}, how)
			})
		})
	}
}
