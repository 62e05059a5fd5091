package vfstest

import "filegate/core/vfs"

// testRemove is about Remove and Rmdir.
func testRemove(e *env) {
	e.run("file", func(e *env) {
		e.put(e.path("file"), data(1, big))
		e.put(e.path("file2"), data(2, 10))
		if err := e.fs.Remove(e.Context(), e.path("file")); err != nil {
			e.Fatalf("Remove: %v", err)
		}
		e.hasNot(e.path("file"), "it was removed")
		e.has(e.path("file2"), data(2, 10), "Remove removes the one file")
		e.names(e.list(e.dir), "Remove removes the one file", "file2")
		e.is(e.fs.Remove(e.Context(), e.path("file")), vfs.ErrNotExist, "Remove of what has been removed")
		e.put(e.path("file"), data(3, 10))
		e.has(e.path("file"), data(3, 10), "a name is free after Remove")
	})

	e.run("directory", func(e *env) {
		e.mkdir(e.path("dir"))
		e.is(e.fs.Remove(e.Context(), e.path("dir")), vfs.ErrIsDir, "Remove of an empty directory: that is Rmdir's")
		e.hasDir(e.path("dir"), "a refused Remove changes nothing")
		e.put(e.path("dir", "file"), data(1, 10))
		e.is(e.fs.Remove(e.Context(), e.path("dir")), vfs.ErrIsDir, "Remove of a directory")
		e.has(e.path("dir", "file"), data(1, 10), "a refused Remove changes nothing")
	})

	e.run("rmdir", func(e *env) {
		e.mkdir(e.path("dir"))
		e.mkdir(e.path("dir2"))
		if err := e.fs.Rmdir(e.Context(), e.path("dir")); err != nil {
			e.Fatalf("Rmdir: %v", err)
		}
		e.hasNot(e.path("dir"), "it was removed")
		e.names(e.list(e.dir), "Rmdir removes the one directory", "dir2")
		e.is(e.fs.Rmdir(e.Context(), e.path("dir")), vfs.ErrNotExist, "Rmdir of what has been removed")
	})

	e.run("rmdir of a file", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		e.is(e.fs.Rmdir(e.Context(), e.path("file")), vfs.ErrNotDir, "Rmdir of a file: that is Remove's")
		e.has(e.path("file"), data(1, 10), "a refused Rmdir changes nothing")
	})

	e.run("rmdir of more", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		e.is(e.fs.Rmdir(e.Context(), e.path("dir")), vfs.ErrNotEmpty, "Rmdir of a directory with a file in it")
		e.has(e.path("dir", "file"), data(1, 10), "a refused Rmdir changes nothing")

		e.mkdir(e.path("outer"))
		e.mkdir(e.path("outer", "inner"))
		e.is(e.fs.Rmdir(e.Context(), e.path("outer")), vfs.ErrNotEmpty, "Rmdir of a directory with an empty directory in it")
		e.hasDir(e.path("outer", "inner"), "a refused Rmdir changes nothing")
		for _, name := range []vfs.Path{e.path("outer", "inner"), e.path("outer")} {
			if err := e.fs.Rmdir(e.Context(), name); err != nil {
				e.Errorf("Rmdir(%q): %v; from the inside out all can be removed", name, err)
			}
		}
		e.hasNot(e.path("outer"), "it was removed")
	})
}
