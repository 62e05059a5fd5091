package vfstest

import (
	"fmt"
	"io/fs"
	"time"

	"filegate/core/vfs"
)

// testAttrs is about SetAttrs, of what exists and of a Writer, and about StatSpace.
func testAttrs(e *env) {
	times := []time.Time{
		time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC),
		time.Date(2033, 12, 31, 23, 59, 59, 123456789, time.UTC),
		time.Unix(0, 0),
	}

	e.run("existing", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		if e.limits.NoAttrs {
			err := vfs.SetAttrs(e.Context(), e.fs, e.path("file"), vfs.Attrs{ModTime: &times[0]})
			e.is(err, vfs.ErrUnsupported, "SetAttrs, where attributes cannot be set")
			return
		}
		for _, want := range times {
			e.setTime(e.path("file"), want)
			e.hasTime(e.path("file"), want)
		}
		e.has(e.path("file"), data(1, 1000), "attributes do not change the content")
		err := vfs.SetAttrs(e.Context(), e.fs, e.path("missing"), vfs.Attrs{ModTime: &times[0]})
		e.is(err, vfs.ErrNotExist, "SetAttrs of what is missing")
	})

	e.run("large", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.put(e.path("file"), data(1, big))
		e.setTime(e.path("file"), times[0])
		e.hasTime(e.path("file"), times[0])
		e.has(e.path("file"), data(1, big), "attributes do not change the content")
	})

	e.run("directories", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.mkdir(e.path("empty"))
		e.mkdir(e.path("full"))
		e.put(e.path("full", "file"), data(1, 10))
		for _, dir := range []string{"empty", "full"} {
			for _, want := range times {
				e.setTime(e.path(dir), want)
				e.hasTime(e.path(dir), want)
			}
		}
		for _, dir := range []string{"empty", "full"} {
			if err := e.rename(dir, dir+"2"); err != nil {
				e.Fatalf("Rename: %v", err)
			}
			e.hasTime(e.path(dir+"2"), times[len(times)-1])
		}
		e.has(e.path("full2", "file"), data(1, 10), "the time of a directory changes nothing in it")
	})

	e.run("gone with the content", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.put(e.path("file"), data(1, 1000))
		e.setTime(e.path("file"), times[0])
		e.put(e.path("file"), data(2, 1000))
		if got := e.stat(e.path("file")).ModTime; time.Since(got).Abs() > 10*time.Minute {
			e.Errorf("the modification time of a replaced file is %v; a new content is of now", got)
		}
	})

	e.run("optional", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.put(e.path("file"), data(1, 10))
		e.mkdir(e.path("dir"))
		mode := fs.FileMode(0o640)
		for _, name := range []vfs.Path{e.path("file"), e.path("dir")} {
			for _, attrs := range []vfs.Attrs{{}, {Mode: &mode}, {AccessTime: &times[0]}} {
				if err := vfs.SetAttrs(e.Context(), e.fs, name, attrs); err != nil {
					e.Errorf("SetAttrs(%q, %+v): %v; what a store cannot keep it ignores", name, attrs, err)
				}
			}
		}
		if err := vfs.SetAttrs(e.Context(), e.fs, e.path("dir"), vfs.Attrs{ModTime: &times[0]}); err != nil {
			e.Errorf("SetAttrs of a directory's time: %v; what a store cannot keep it ignores", err)
		}
		e.has(e.path("file"), data(1, 10), "attributes do not change the content")
		e.hasDir(e.path("dir"), "a mode has permission bits only, and changes no type")
	})

	e.run("writer", func(e *env) {
		e.unless(e.limits.NoWriteAttrs)
		for _, size := range []int{0, 1000, big} {
			name := e.path("file")
			e.put(name, data(2, 10))
			before := e.stat(name).ModTime
			w := e.create(name, replace)
			e.stream(w, data(1, size))
			if err := w.SetAttrs(vfs.Attrs{ModTime: &times[0]}); err != nil {
				e.Fatalf("SetAttrs: %v", err)
			}
			if got := e.stat(name).ModTime; !e.sameTime(got, before) {
				e.Errorf("the modification time is %v already; Commit publishes it with the content", got)
			}
			if info := e.commit(w); !e.sameTime(info.ModTime, times[0]) {
				e.Errorf("Commit says the modification time is %v, want %v", info.ModTime, times[0])
			}
			e.hasTime(name, times[0])
		}
	})

	e.run("writer before the content", func(e *env) {
		e.unless(e.limits.NoWriteAttrs)
		w := e.create(e.path("file"), replace)
		for _, t := range times[:2] {
			if err := w.SetAttrs(vfs.Attrs{ModTime: &t}); err != nil {
				e.Fatalf("SetAttrs: %v", err)
			}
		}
		e.stream(w, data(1, 1000))
		e.commit(w)
		e.hasTime(e.path("file"), times[1])
	})

	e.run("mode at creation", func(e *env) {
		fsys, ok := e.fs.(vfs.ModeFS)
		e.unless(!ok, e.limits.NoModes)
		mode := fs.FileMode(0o710)
		if err := fsys.MkdirMode(e.Context(), e.path("dir"), mode); err != nil {
			e.Fatalf("MkdirMode: %v", err)
		}
		if got := e.stat(e.path("dir")).Mode; got != fs.ModeDir|mode {
			e.Errorf("a directory made with the mode %o has the mode %v", mode, got)
		}
		if err := fsys.MkdirMode(e.Context(), e.path("dir"), mode); err == nil {
			e.Error("MkdirMode of what is there was not refused")
		}
		for _, size := range []int{0, 1000, big} {
			opts := vfs.WriteOptions{Create: true, Truncate: true, Mode: &mode}
			name := e.path(fmt.Sprint("file", size))
			w := e.create(name, opts)
			e.stream(w, data(1, size))
			if info := e.commit(w); info.Mode != mode {
				e.Errorf("Commit says a file made with the mode %o has the mode %v", mode, info.Mode)
			}
			if got := e.stat(name).Mode; got != mode {
				e.Errorf("a file made with the mode %o has the mode %v", mode, got)
			}
			other := fs.FileMode(0o604)
			opts.Mode = &other
			w = e.create(name, opts)
			e.stream(w, data(2, 10))
			e.commit(w)
			if got := e.stat(name).Mode; got != mode {
				e.Errorf("a file that was there has the mode %v after another content, want that which it had: %o", got, mode)
			}
		}
	})

	e.run("modes and owners", func(e *env) {
		e.unless(e.limits.NoAttrs, e.limits.NoModes)
		for i, size := range []int{0, 1000, big} {
			name := e.path(fmt.Sprint("file", i))
			e.put(name, data(1, size))
			for _, want := range []owned{{0o640, 1000, 100}, {0o604, 1001, 101}, {0o755, 1, 2}} {
				e.setOwned(name, want)
				e.hasOwned(name, want, "as it was set")
			}
			want := owned{0o700, 12, 34}
			e.setOwned(name, want)
			e.has(name, data(1, size), "attributes do not change the content")
			if !e.limits.NoInPlace {
				w := e.create(name, vfs.WriteOptions{Offset: vfs.AtEnd})
				e.stream(w, data(2, 100))
				e.commit(w)
				e.hasOwned(name, want, "more was written to the file")
			}
			e.put(name, data(3, 100))
			e.hasOwned(name, want, "the file has another content")
			to := e.path(fmt.Sprint("renamed", i))
			if err := e.fs.Rename(e.Context(), name, to, vfs.RenameOptions{Replace: e.limits.OnlyReplace}); err != nil {
				e.Fatalf("Rename: %v", err)
			}
			e.hasOwned(to, want, "the file has another name")
		}
		e.mkdir(e.path("dir"))
		e.setOwned(e.path("dir"), owned{0o750, 5, 6})
		e.isOwned(e.stat(e.path("dir")), owned{0o750, 5, 6}, "Stat of a directory")
		e.hasDir(e.path("dir"), "a mode has permission bits only, and changes no type")
	})

	e.run("modes and owners of a copy", func(e *env) {
		e.unless(e.limits.NoAttrs, e.limits.NoModes, e.limits.NoReadAt, e.limits.NoWriteAttrs, e.limits.NoExclusive)
		for _, size := range []int{0, 1000, big} {
			want := owned{0o600, 7, 8}
			e.put(e.path("file"), data(1, size))
			e.setOwned(e.path("file"), want)
			if err := vfs.Copy(e.Context(), e.fs, e.path("file"), e.path("copy"), vfs.CopyOptions{Replace: true}); err != nil {
				e.Fatalf("Copy: %v", err)
			}
			e.hasOwned(e.path("copy"), want, "it is a copy")
		}
	})

	e.run("modes and owners of a writer", func(e *env) {
		e.unless(e.limits.NoWriteAttrs, e.limits.NoModes)
		for i, size := range []int{0, 1000, big} {
			name, want := e.path(fmt.Sprint("file", i)), owned{0o640, 1000, 100}
			w := e.create(name, replace)
			if err := w.SetAttrs(want.attrs()); err != nil {
				e.Fatalf("SetAttrs: %v", err)
			}
			e.stream(w, data(1, size))
			e.isOwned(e.commit(w), want, "Commit")
			e.hasOwned(name, want, "it was set before the content was published")
		}
	})

	e.run("space", func(e *env) {
		space, err := vfs.StatSpace(e.Context(), e.fs, e.dir)
		if err != nil {
			e.is(err, vfs.ErrUnsupported, "StatSpace of a store that does not know")
			return
		}
		if space.Total >= 0 && (space.Used > space.Total || space.Free > space.Total) {
			e.Errorf("the space is %+v: neither what is used nor what is free is more than the total", space)
		}
	})
}

// owned are the permission bits, the owner and the group of a file.
type owned struct {
	perm     fs.FileMode
	uid, gid int
}

func (o owned) attrs() vfs.Attrs { return vfs.Attrs{Mode: &o.perm, UID: &o.uid, GID: &o.gid} }

func (e *env) setOwned(name vfs.Path, want owned) {
	e.Helper()
	if err := vfs.SetAttrs(e.Context(), e.fs, name, want.attrs()); err != nil {
		e.Fatalf("SetAttrs(%q) of mode and owner: %v", name, err)
	}
}

// hasOwned checks mode and owner by Stat and in the listing.
func (e *env) hasOwned(name vfs.Path, want owned, rule string) {
	e.Helper()
	e.isOwned(e.stat(name), want, "Stat: "+rule)
	e.isOwned(e.list(name.Dir())[name.Base()], want, "the listing: "+rule)
}

func (e *env) isOwned(info vfs.Info, want owned, rule string) {
	e.Helper()
	if info.Mode.Perm() != want.perm {
		e.Errorf("%q has the mode %o, want %o; %s", info.Name, info.Mode.Perm(), want.perm, rule)
	}
	if !e.limits.NoOwners && (info.UID != want.uid || info.GID != want.gid) {
		e.Errorf("%q is owned by %d:%d, want %d:%d; %s", info.Name, info.UID, info.GID, want.uid, want.gid, rule)
	}
}

func (e *env) setTime(name vfs.Path, t time.Time) {
	e.Helper()
	if err := vfs.SetAttrs(e.Context(), e.fs, name, vfs.Attrs{ModTime: &t}); err != nil {
		e.Fatalf("SetAttrs(%q) of the modification time: %v", name, err)
	}
}

// hasTime checks the modification time by Stat and in the listing.
func (e *env) hasTime(name vfs.Path, want time.Time) {
	e.Helper()
	if got := e.stat(name).ModTime; !e.sameTime(got, want) {
		e.Errorf("Stat says the modification time is %v, want %v, as it was set", got, want)
	}
	if got := e.list(name.Dir())[name.Base()].ModTime; !e.sameTime(got, want) {
		e.Errorf("the listing says the modification time is %v, want %v, as it was set", got, want)
	}
}
