package vfstest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // one of the checksums that stores keep
	"crypto/sha256"
	"errors"

	"filegate/core/vfs"
)

// testDigest is about the checksums that a store knows. Which ones it knows, and of which files, is
// its own affair; what it tells is right.
func testDigest(e *env) {
	e.run("known", func(e *env) {
		for _, size := range []int{0, 1, 1000, big} {
			name := e.path("file")
			e.put(name, data(1, size))
			e.digests(name, data(1, size))
		}
	})

	e.run("changed", func(e *env) {
		e.unless(e.limits.NoInPlace || e.limits.Sequential)
		content := data(1, big)
		e.put(e.path("file"), content)
		w := e.create(e.path("file"), vfs.WriteOptions{})
		e.writeAt(w, data(2, 10), 500)
		copy(content[500:], data(2, 10))
		e.commit(w)
		e.digests(e.path("file"), content)
	})

	e.run("renamed", func(e *env) {
		e.put(e.path("file"), data(1, big))
		if err := e.fs.Rename(e.Context(), e.path("file"), e.path("other"), vfs.RenameOptions{Replace: e.limits.OnlyReplace}); err != nil {
			e.Fatalf("Rename: %v", err)
		}
		e.digests(e.path("other"), data(1, big))
	})

	e.run("of what is no file", func(e *env) {
		e.unless(!e.digests(e.path(), nil))
		e.mkdir(e.path("dir"))
		_, err := vfs.Digest(e.Context(), e.fs, e.path("dir"))
		e.is(err, vfs.ErrIsDir, "Digest of a directory")
		_, err = vfs.Digest(e.Context(), e.fs, e.path("missing"))
		e.is(err, vfs.ErrNotExist, "Digest of what is missing")
	})
}

// digests checks what the store tells of a file's content, and says whether it tells of any at all.
func (e *env) digests(name vfs.Path, content []byte) bool {
	e.Helper()
	got, err := vfs.Digest(e.Context(), e.fs, name)
	switch {
	case errors.Is(err, vfs.ErrUnsupported):
		return false
	case errors.Is(err, vfs.ErrIsDir) && content == nil:
		return true
	case err != nil:
		e.Errorf("Digest(%q): %v", name, err)
	}
	short, long := md5.Sum(content), sha256.Sum256(content)
	for algorithm, sum := range got {
		want := map[vfs.Algorithm][]byte{vfs.MD5: short[:], vfs.SHA256: long[:]}[algorithm]
		if !bytes.Equal(sum, want) {
			e.Errorf("the %s of %q is said to be %x, and is %x; a checksum that is not known is left out", algorithm, name, sum, want)
		}
	}
	return true
}
