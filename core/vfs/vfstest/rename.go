package vfstest

import (
	"fmt"
	"time"

	"filegate/core/vfs"
)

func testRename(e *env) {
	e.run("matrix", testRenameMatrix)

	e.run("missing", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		e.is(e.rename("missing", "new"), vfs.ErrNotExist, "Rename of what is missing")
		e.hasNot(e.path("new"), "a refused Rename changes nothing")
		e.is(e.rename("missing", "file"), vfs.ErrNotExist, "Rename of what is missing")
		e.has(e.path("file"), data(1, 10), "a refused Rename changes nothing")
	})

	e.run("missing parent", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		to := e.path("no", "such", "file")
		e.is(e.fs.Rename(e.Context(), e.path("file"), to, e.renaming()), vfs.ErrNotExist, "Rename into a directory that is missing")
		e.has(e.path("file"), data(1, 10), "a refused Rename changes nothing")
		e.hasNot(e.path("no"), "a refused Rename makes nothing")
	})

	e.run("itself", func(e *env) {
		const rule = "renaming to itself changes nothing"
		e.put(e.path("file"), data(1, big))
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "inner"), data(2, 10))
		for _, name := range []string{"file", "dir"} {
			if err := e.rename(name, name); err != nil {
				e.Errorf("Rename of %q to itself: %v; %s", name, err, rule)
			}
		}
		e.has(e.path("file"), data(1, big), rule)
		e.has(e.path("dir", "inner"), data(2, 10), rule)
	})

	e.run("into itself", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "inner"), data(2, 10))
		for _, to := range []vfs.Path{e.path("dir", "new"), e.path("dir", "new", "er")} {
			err := e.fs.Rename(e.Context(), e.path("dir"), to, e.renaming())
			e.is(err, vfs.ErrInvalidName, "a directory cannot move into itself")
			e.names(e.list(e.path("dir")), "a refused Rename changes nothing", "inner")
		}
		e.has(e.path("dir", "inner"), data(2, 10), "a refused Rename changes nothing")
	})

	e.run("longer name", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "inner"), data(2, 10))
		if err := e.rename("dir", "dir2"); err != nil {
			e.Fatalf("Rename: %v; a name that begins like the old one is not below it", err)
		}
		e.has(e.path("dir2", "inner"), data(2, 10), "a directory takes along what is in it")
	})

	e.run("file between directories", func(e *env) {
		e.mkdir(e.path("a"))
		e.mkdir(e.path("b"))
		e.put(e.path("a", "file"), data(1, big))
		if err := e.fs.Rename(e.Context(), e.path("a", "file"), e.path("b", "other"), e.renaming()); err != nil {
			e.Fatalf("Rename: %v", err)
		}
		e.has(e.path("b", "other"), data(1, big), "Rename keeps the content")
		e.hasNot(e.path("a", "file"), "a renamed file has its old name no more")
		e.hasDir(e.path("a"), "a directory stays when its last entry goes")
		e.names(e.list(e.path("a")), "a renamed file has its old name no more")
		e.names(e.list(e.path("b")), "Rename gives the new name", "other")
	})

	e.run("tree", func(e *env) {
		files := [][]string{{"file"}, {"a", "one"}, {"a", "two"}, {"a", "b", "three"}, {"c", "four"}}
		e.mkdir(e.path("old"))
		for _, dir := range [][]string{{"a"}, {"a", "b"}, {"c"}, {"empty"}} {
			e.mkdir(e.path("old").Under(join(dir)))
		}
		for i, file := range files {
			e.put(e.path("old").Under(join(file)), data(uint64(i), 100+i))
		}
		e.mkdir(e.path("old-but-not-the-same"))
		if err := e.rename("old", "new"); err != nil {
			e.Fatalf("Rename: %v", err)
		}
		for i, file := range files {
			e.has(e.path("new").Under(join(file)), data(uint64(i), 100+i), "a directory takes along what is in it")
			e.hasNot(e.path("old").Under(join(file)), "nothing keeps the old name")
		}
		e.hasDir(e.path("new", "empty"), "a directory takes along what is in it, also empty directories")
		e.hasNot(e.path("old"), "nothing keeps the old name")
		e.names(e.list(e.dir), "only the one directory is renamed", "new", "old-but-not-the-same")
		e.names(e.list(e.path("new")), "a directory takes along what is in it", "file", "a", "c", "empty")
	})

	e.run("time", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		if !e.limits.NoAttrs {
			e.setTime(e.path("file"), time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC))
		}
		want := e.stat(e.path("file")).ModTime
		if err := e.rename("file", "new"); err != nil {
			e.Fatalf("Rename: %v", err)
		}
		if got := e.stat(e.path("new")).ModTime; !e.sameTime(got, want) {
			e.Errorf("the modification time is %v after Rename, was %v: Rename keeps it", got, want)
		}
	})
}

// testRenameMatrix renames each thing to each other, with Replace and without.
func testRenameMatrix(e *env) {
	// What a name can be: nothing, a file, an empty directory, a directory with a file in it.
	const file, empty, full = "file", "empty directory", "full directory"
	build := func(e *env, name, what string, seed uint64) {
		e.Helper()
		switch what {
		case file:
			e.put(e.path(name), data(seed, 1000))
		case empty, full:
			e.mkdir(e.path(name))
			if what == full {
				e.put(e.path(name, "inner"), data(seed, 1000))
			}
		}
	}
	check := func(e *env, name, what string, seed uint64, rule string) {
		e.Helper()
		switch what {
		case file:
			e.has(e.path(name), data(seed, 1000), rule)
		case empty:
			e.names(e.list(e.path(name)), rule)
		case full:
			e.names(e.list(e.path(name)), rule, "inner")
			e.has(e.path(name, "inner"), data(seed, 1000), rule)
		default:
			e.hasNot(e.path(name), rule)
		}
	}

	for _, tt := range []struct {
		old, new string
		replace  bool
		want     []error // one of them; nil for success
	}{
		{old: file},
		{old: file, replace: true},
		{old: empty},
		{old: empty, replace: true},
		{old: full},
		{old: full, replace: true},

		{old: file, new: file, want: []error{vfs.ErrExist}},
		{old: file, new: empty, want: []error{vfs.ErrExist}},
		{old: file, new: full, want: []error{vfs.ErrExist}},
		{old: empty, new: file, want: []error{vfs.ErrExist}},
		{old: empty, new: empty, want: []error{vfs.ErrExist}},
		{old: full, new: file, want: []error{vfs.ErrExist}},
		{old: full, new: empty, want: []error{vfs.ErrExist}},
		{old: full, new: full, want: []error{vfs.ErrExist}},

		{old: file, new: file, replace: true},
		{old: file, new: empty, replace: true, want: []error{vfs.ErrIsDir}},
		{old: file, new: full, replace: true, want: []error{vfs.ErrIsDir}},
		{old: empty, new: file, replace: true, want: []error{vfs.ErrNotDir}},
		{old: full, new: file, replace: true, want: []error{vfs.ErrNotDir}},
		{old: empty, new: empty, replace: true},
		{old: full, new: empty, replace: true},
		{old: empty, new: full, replace: true, want: []error{vfs.ErrExist, vfs.ErrNotEmpty}},
		{old: full, new: full, replace: true, want: []error{vfs.ErrExist, vfs.ErrNotEmpty}},
	} {
		what := tt.new
		if what == "" {
			what = "nothing"
		}
		name := fmt.Sprintf("%s to %s", tt.old, what)
		if tt.replace {
			name += " with replace"
		}
		e.run(name, func(e *env) {
			e.unless(tt.replace && e.limits.NoReplace, !tt.replace && e.limits.OnlyReplace)
			build(e, "old", tt.old, 1)
			build(e, "new", tt.new, 2)
			err := e.fs.Rename(e.Context(), e.path("old"), e.path("new"), vfs.RenameOptions{Replace: tt.replace})
			if tt.want != nil {
				e.isOne(err, tt.want, "Rename of a "+name)
				check(e, "old", tt.old, 1, "a refused Rename changes nothing")
				check(e, "new", tt.new, 2, "a refused Rename changes nothing")
				return
			}
			if err != nil {
				e.Fatalf("Rename of a %s: %v", name, err)
			}
			check(e, "old", "", 0, "what was renamed has its old name no more")
			check(e, "new", tt.old, 1, "what was renamed is whole under its new name")
			e.names(e.list(e.dir), "what was renamed has its new name, and nothing else is left", "new")
		})
	}
}

// renaming are the options for a rename where nothing has the new name.
func (e *env) renaming() vfs.RenameOptions { return vfs.RenameOptions{Replace: e.limits.OnlyReplace} }

// rename renames in the subtest's directory.
func (e *env) rename(oldname, newname string) error {
	return e.fs.Rename(e.Context(), e.path(oldname), e.path(newname), e.renaming())
}

func join(elems []string) vfs.Path {
	p := vfs.Root
	for _, elem := range elems {
		p = p.Join(elem)
	}
	return p
}
