package vfstest

import (
	"time"

	"filegate/core/vfs"
)

func testStat(e *env) {
	e.run("root", func(e *env) {
		info := e.stat(vfs.Root)
		if !info.IsDir() || info.Name != "/" {
			e.Errorf("Stat of the root is %q, mode %v; want the directory \"/\"", info.Name, info.Mode)
		}
	})

	e.run("file", func(e *env) {
		e.put(e.path("file.txt"), data(1, 1234))
		info := e.stat(e.path("file.txt"))
		if info.Name != "file.txt" {
			e.Errorf("the name is %q; want the last element of the path", info.Name)
		}
		if info.Size != 1234 || !info.Mode.IsRegular() || info.Partial {
			e.Errorf("the file is %+v; want a regular, whole one of 1234 bytes", info)
		}
		// Store and test may run by different clocks, but not in different time zones.
		if age := time.Since(info.ModTime).Abs(); age > 10*time.Minute {
			e.Errorf("the modification time of a new file is %v, %v from now", info.ModTime, age)
		}
	})

	e.run("directory", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		info := e.stat(e.path("dir"))
		if info.Name != "dir" || !info.IsDir() || info.Size != 0 {
			e.Errorf("the directory is %+v; want the name \"dir\", a directory's mode, and size 0", info)
		}
	})

	e.run("prefix", func(e *env) {
		e.put(e.path("abc"), data(1, 10))
		e.mkdir(e.path("dir-1"))
		e.put(e.path("dir-1", "file"), data(1, 10))
		for _, name := range []string{"ab", "dir", "dir-", "abc ", "ABC"} {
			e.hasNot(e.path(name), "a name that only begins like another is nothing")
		}
	})

	e.run("below file", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		_, err := e.fs.Stat(e.Context(), e.path("file", "x"))
		e.isOne(err, []error{vfs.ErrNotExist, vfs.ErrNotDir}, "there is nothing below a file")
	})

	e.run("version", func(e *env) {
		e.unless(e.limits.NoVersion)
		first := e.put(e.path("file"), data(1, 100))
		if first.Version == "" {
			e.Fatal("the version is empty; a store without versions declares NoVersion")
		}
		if again := e.stat(e.path("file")); again.Version != first.Version {
			e.Errorf("the version is %q after Commit and %q by Stat; it stays while the content does", first.Version, again.Version)
		}
		if second := e.put(e.path("file"), data(2, 100)); second.Version == first.Version {
			e.Errorf("the version is still %q; it changes whenever the content does, also when the size does not", second.Version)
		}
	})
}
