package vfstest

import (
	"errors"

	"filegate/core/vfs"
)

// testOpenFile is about writers whose file gets another name, or none, before they are committed. A
// store need not have any of that.
func testOpenFile(e *env) {
	e.run("new file renamed", func(e *env) {
		for i, size := range []int{0, 1000, big} {
			from, to := e.path(names[i]), e.path("new-"+names[i])
			w := e.create(from, replace)
			e.stream(w, data(1, size))
			e.renameOpen(w, to)
			e.put(from, data(2, 10))
			if info := e.commit(w); info.Name != to.Base() {
				e.Errorf("Commit after a rename describes %q, want %q", info.Name, to.Base())
			}
			e.has(to, data(1, size), "Commit publishes under the name that the writer was given")
			e.has(from, data(2, 10), "what has come to the old name stays")
		}
	})

	e.run("changed file renamed", func(e *env) {
		e.unless(e.limits.NoInPlace || e.limits.Sequential)
		for i, size := range []int{1000, big} {
			from, to := e.path(names[i]), e.path("new-"+names[i])
			content := data(1, size)
			e.put(from, content)
			w := e.create(from, vfs.WriteOptions{})
			e.writeAt(w, data(2, 10), 500)
			copy(content[500:], data(2, 10))
			if err := e.fs.Rename(e.Context(), from, to, vfs.RenameOptions{Replace: true}); err != nil {
				e.Fatalf("Rename: %v", err)
			}
			e.renameOpen(w, to)
			e.writeAt(w, data(3, 10), 0)
			copy(content, data(3, 10))
			e.commit(w)
			e.has(to, content, "a writer whose file was renamed goes on with what the file had")
			e.missing(from, "nothing is left under the old name")
		}
	})

	e.run("renamed over a file", func(e *env) {
		from, to := e.path("file"), e.path("other")
		e.put(to, data(2, big))
		w := e.create(from, replace)
		e.stream(w, data(1, big))
		e.renameOpen(w, to)
		e.has(to, data(2, big), "what has the new name stays until Commit")
		e.commit(w)
		e.has(to, data(1, big), "Commit replaces what has the new name")
	})

	e.run("renamed and given up", func(e *env) {
		from, to := e.path("file"), e.path("other")
		w := e.create(from, replace)
		e.stream(w, data(1, big))
		e.renameOpen(w, to)
		if err := w.Close(); err != nil {
			e.Errorf("Close: %v", err)
		}
		e.missing(from, "nothing is left under the old name")
	})

	e.run("discarded", func(e *env) {
		w := e.create(e.path("file"), replace)
		e.stream(w, data(1, 2*big))
		if err := vfs.Discard(w); err != nil {
			e.Errorf("Discard: %v", err)
		}
		if err := w.Close(); err != nil {
			e.Errorf("Close after Discard: %v", err)
		}
		if _, ok := w.(vfs.DiscardWriter); ok {
			e.missing(e.path("file"), "nothing is kept of what was discarded")
		}
	})
}

var names = []string{"first", "second", "third"}

// renameOpen gives the file of a writer another name, or skips the subtest where the store cannot
// do that.
func (e *env) renameOpen(w vfs.Writer, to vfs.Path) {
	e.Helper()
	err := vfs.RenameOf(e.Context(), w, to)
	e.unless(errors.Is(err, vfs.ErrUnsupported))
	if err != nil {
		e.Fatalf("Rename of a writer to %q: %v", to, err)
	}
}

// missing checks that nothing has the name.
func (e *env) missing(name vfs.Path, rule string) {
	e.Helper()
	if info, err := e.fs.Stat(e.Context(), name); !errors.Is(err, vfs.ErrNotExist) {
		e.Errorf("Stat(%q) = %+v, %v: %s", name, info, err, rule)
	}
}
