package vfstest

import (
	"time"

	"filegate/core/vfs"
)

// testCopy is about copies, by the store or by reading and writing.
func testCopy(e *env) {
	// What the package function needs where the store does not copy by itself.
	e.unless(e.limits.NoReadAt, e.limits.NoWriteAttrs, e.limits.NoExclusive)
	copyFile := func(e *env, from, to string, replace bool) error {
		return vfs.Copy(e.Context(), e.fs, e.path(from), e.path(to), vfs.CopyOptions{Replace: replace})
	}

	mustCopy := func(e *env, from, to string, replace bool) {
		e.Helper()
		if err := copyFile(e, from, to, replace); err != nil {
			e.Fatalf("Copy(%q, %q): %v", from, to, err)
		}
	}

	e.run("independent", func(e *env) {
		for _, size := range []int{0, 1, 1000, big} {
			content := data(1, size)
			e.put(e.path("file"), content)
			mustCopy(e, "file", "copy", true)
			e.has(e.path("copy"), content, "a copy has the content of the file")
			e.put(e.path("file"), data(2, 10))
			e.has(e.path("copy"), content, "a copy needs nothing of the file's")
			mustCopy(e, "copy", "file", true)
			if err := e.fs.Remove(e.Context(), e.path("copy")); err != nil {
				e.Fatalf("Remove: %v", err)
			}
			e.has(e.path("file"), content, "a file needs nothing of its copy's")
		}
	})

	e.run("time", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.put(e.path("file"), data(1, 100))
		at := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
		if err := vfs.SetAttrs(e.Context(), e.fs, e.path("file"), vfs.Attrs{ModTime: &at}); err != nil {
			e.Fatalf("SetAttrs: %v", err)
		}
		mustCopy(e, "file", "copy", false)
		if info, err := e.fs.Stat(e.Context(), e.path("copy")); err != nil || !info.ModTime.Equal(at) {
			e.Errorf("the copy has the time %v (%v), want that of the file, %v", info.ModTime, err, at)
		}
	})

	e.run("taken", func(e *env) {
		e.unless(e.limits.NoExclusive)
		e.put(e.path("file"), data(1, 100))
		e.put(e.path("other"), data(2, big))
		e.is(copyFile(e, "file", "other", false), vfs.ErrExist, "Copy onto what is there")
		e.has(e.path("other"), data(2, big), "the copy was refused")
		mustCopy(e, "file", "other", true)
		e.has(e.path("other"), data(1, 100), "it was replaced by a copy")
	})

	e.run("changed", func(e *env) {
		e.unless(e.limits.NoVersion)
		e.put(e.path("file"), data(1, big))
		old := e.stat(e.path("file")).Version
		e.put(e.path("file"), data(2, big))
		at := vfs.CopyOptions{IfVersion: old}
		e.is(vfs.Copy(e.Context(), e.fs, e.path("file"), e.path("copy"), at), vfs.ErrChanged, "Copy of a version that is no longer there")
		e.hasNot(e.path("copy"), "the copy was refused")
		at.IfVersion = e.stat(e.path("file")).Version
		if err := vfs.Copy(e.Context(), e.fs, e.path("file"), e.path("copy"), at); err != nil {
			e.Fatalf("Copy of the version that is there: %v", err)
		}
		e.has(e.path("copy"), data(2, big), "a copy has the content of the file")
	})

	e.run("refused", func(e *env) {
		e.put(e.path("file"), data(1, 100))
		e.mkdir(e.path("dir"))
		e.is(copyFile(e, "missing", "copy", true), vfs.ErrNotExist, "Copy of what is missing")
		e.is(copyFile(e, "dir", "copy", true), vfs.ErrIsDir, "Copy of a directory")
		e.is(copyFile(e, "file", "dir", true), vfs.ErrIsDir, "Copy onto a directory")
		e.is(copyFile(e, "file", "file", true), vfs.ErrInvalid, "Copy onto itself")
		e.is(vfs.Copy(e.Context(), e.fs, e.path("file"), e.path("no", "copy"), vfs.CopyOptions{}), vfs.ErrNotExist, "Copy into a directory that is missing")
		e.hasNot(e.path("no"), "a refused Copy makes nothing")
		e.has(e.path("file"), data(1, 100), "nothing has been copied")
	})
}
