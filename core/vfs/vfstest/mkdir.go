package vfstest

import "filegate/core/vfs"

func testMkdir(e *env) {
	e.run("new", func(e *env) {
		e.mkdir(e.path("dir"))
		e.hasDir(e.path("dir"), "Mkdir makes a directory")
		e.names(e.list(e.path("dir")), "a new directory is empty")
		e.mkdir(e.path("dir", "deeper"))
		e.put(e.path("dir", "deeper", "file"), data(1, 10))
		e.has(e.path("dir", "deeper", "file"), data(1, 10), "files can be in a new directory")
	})

	e.run("exists", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		for _, name := range []vfs.Path{vfs.Root, e.dir, e.path("dir"), e.path("dir", "file")} {
			e.is(e.fs.Mkdir(e.Context(), name), vfs.ErrExist, "Mkdir where anything is there already: "+name.String())
		}
		e.has(e.path("dir", "file"), data(1, 10), "a refused Mkdir changes nothing")
	})

	e.run("implied", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		e.hasDir(e.path("dir"), "a directory with a file in it is one")
		e.is(e.fs.Mkdir(e.Context(), e.path("dir")), vfs.ErrExist, "Mkdir of a directory with a file in it")
	})

	e.run("missing parent", func(e *env) {
		e.is(e.fs.Mkdir(e.Context(), e.path("no", "such", "dir")), vfs.ErrNotExist, "Mkdir in a directory that is missing")
		e.hasNot(e.path("no"), "a refused Mkdir leaves nothing behind")
	})

	e.run("stays", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		e.mkdir(e.path("dir", "deeper"))
		if err := e.fs.Remove(e.Context(), e.path("dir", "file")); err != nil {
			e.Fatalf("Remove: %v", err)
		}
		if err := e.fs.Rmdir(e.Context(), e.path("dir", "deeper")); err != nil {
			e.Fatalf("Rmdir: %v", err)
		}
		const rule = "a directory stays until it is removed, also when its last entry goes"
		e.hasDir(e.path("dir"), rule)
		e.names(e.list(e.path("dir")), rule)
		e.names(e.list(e.dir), rule, "dir")
	})
}
