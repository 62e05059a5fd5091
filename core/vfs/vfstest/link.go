package vfstest

import (
	"errors"
	"time"

	"filegate/core/vfs"
)

// testLink is about symbolic links, in stores that have them.
func testLink(e *env) {
	_, ok := e.fs.(vfs.LinkFS)
	e.unless(!ok)
	if e.limits.NoLinks {
		e.put(e.path("file"), data(1, 10))
		e.is(vfs.Symlink(e.Context(), e.fs, "file", e.path("link")), vfs.ErrUnsupported, "Symlink where there are no links")
		_, err := vfs.Lstat(e.Context(), e.fs, e.path("link"))
		e.is(err, vfs.ErrNotExist, "Lstat of a link that was refused")
		return
	}

	e.run("follow", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("file"), data(1, 1000))
		e.put(e.path("dir", "file"), data(2, 2000))
		e.link("file", "link")
		e.link("dir/file", "down")
		e.link("file", "dir", "up")
		e.link("link", "chain")
		for _, name := range []vfs.Path{e.path("link"), e.path("dir", "up"), e.path("chain")} {
			e.has(name, data(1, 1000), "a link is the file that it leads to")
			if info := e.stat(name); info.Name != name.Base() {
				e.Errorf("Stat(%q) has the name %q; want that of the link", name, info.Name)
			}
		}
		e.has(e.path("down"), data(2, 2000), "a link is the file that it leads to")
	})

	e.run("itself", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		e.mkdir(e.path("dir"))
		e.link("file", "link")
		e.link("missing", "dangling")
		for base, target := range map[string]string{"link": "file", "dangling": "missing"} {
			e.isLink(base, target)
		}
		for name, info := range e.list(e.path()) {
			if want := name == "link" || name == "dangling"; info.IsLink() != want {
				e.Errorf("the listing shows %q with the mode %v; a link is listed as one, and nothing else is", name, info.Mode)
			}
		}
		for _, base := range []string{"file", "dir"} {
			lstat, err := vfs.Lstat(e.Context(), e.fs, e.path(base))
			if stat := e.stat(e.path(base)); err != nil || lstat != stat {
				e.Errorf("Lstat(%q) = %+v, %v, and Stat %+v; of what is no link they tell the same", base, lstat, err, stat)
			}
			_, err = vfs.Readlink(e.Context(), e.fs, e.path(base))
			e.is(err, vfs.ErrInvalid, "Readlink of what is no link")
		}
		_, err := vfs.Lstat(e.Context(), e.fs, e.path("missing"))
		e.is(err, vfs.ErrNotExist, "Lstat of what is missing")
		_, err = vfs.Readlink(e.Context(), e.fs, e.path("missing"))
		e.is(err, vfs.ErrNotExist, "Readlink of what is missing")
	})

	e.run("dangling", func(e *env) {
		e.link("missing", "link")
		_, err := e.fs.Stat(e.Context(), e.path("link"))
		e.is(err, vfs.ErrNotExist, "Stat of a link that leads to nothing")
		_, err = e.fs.Open(e.Context(), e.path("link"), vfs.OpenOptions{})
		e.is(err, vfs.ErrNotExist, "Open of a link that leads to nothing")
		e.put(e.path("missing"), data(1, 100))
		e.has(e.path("link"), data(1, 100), "what a link leads to may come later")
	})

	e.run("write", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		e.link("file", "link")
		e.link("new", "dangling")
		for _, size := range []int{500, big} {
			if info := e.put(e.path("link"), data(2, size)); info.Name != "link" || info.Size != int64(size) {
				e.Errorf("Commit says %+v; want what Stat of the link would say", info)
			}
			e.has(e.path("file"), data(2, size), "writing through a link writes what it leads to")
			e.isLink("link", "file")
		}
		e.put(e.path("dangling"), data(3, 100))
		e.has(e.path("new"), data(3, 100), "writing through a link that leads to nothing makes what it leads to")
		e.isLink("dangling", "new")
	})

	e.run("change", func(e *env) {
		e.unless(e.limits.NoInPlace, e.limits.NoAppend)
		content := data(1, 1000)
		e.put(e.path("file"), content)
		e.link("file", "link")
		w := e.create(e.path("link"), vfs.WriteOptions{Offset: vfs.AtEnd})
		e.stream(w, data(2, 100))
		e.commit(w)
		e.has(e.path("file"), append(content, data(2, 100)...), "appending through a link appends to what it leads to")
		e.isLink("link", "file")
	})

	e.run("exclusive", func(e *env) {
		e.unless(e.limits.NoExclusive)
		e.put(e.path("file"), data(1, 10))
		e.link("file", "link")
		e.link("missing", "dangling")
		for _, base := range []string{"link", "dangling"} {
			_, err := e.fs.OpenWriter(e.Context(), e.path(base), vfs.WriteOptions{Create: true, Exclusive: true})
			e.is(err, vfs.ErrExist, "OpenWriter with Exclusive where a link has the name")
		}
	})

	e.run("remove", func(e *env) {
		e.put(e.path("file"), data(1, big))
		for _, target := range []string{"file", "missing"} {
			e.link(target, "link")
			if err := e.fs.Remove(e.Context(), e.path("link")); err != nil {
				e.Fatalf("Remove of a link: %v", err)
			}
			_, err := vfs.Lstat(e.Context(), e.fs, e.path("link"))
			e.is(err, vfs.ErrNotExist, "Lstat of a link that was removed")
		}
		e.has(e.path("file"), data(1, big), "only a link to it was removed")
	})

	e.run("rename", func(e *env) {
		rename := func(from, to string) {
			e.Helper()
			if err := e.fs.Rename(e.Context(), e.path(from), e.path(to), vfs.RenameOptions{Replace: !e.limits.NoReplace}); err != nil {
				e.Fatalf("Rename(%q, %q): %v", from, to, err)
			}
		}
		e.put(e.path("file"), data(1, big))
		e.link("file", "link")
		e.link("missing", "dangling")
		e.mkdir(e.path("dir"))
		e.link("file", "dir", "inside")
		rename("link", "link2")
		rename("dangling", "dangling2")
		rename("dir", "dir2")
		e.isLink("link2", "file")
		e.isLink("dangling2", "missing")
		e.isLink("dir2/inside", "file")
		e.has(e.path("dir2", "inside"), data(1, big), "a link in a directory goes along")
		_, err := vfs.Lstat(e.Context(), e.fs, e.path("link"))
		e.is(err, vfs.ErrNotExist, "Lstat of a link that was renamed")
		e.unless(e.limits.NoReplace)
		e.put(e.path("other"), data(2, 100))
		rename("other", "link2")
		e.has(e.path("link2"), data(2, 100), "a file replaces a link")
		e.has(e.path("file"), data(1, big), "only a link to it was replaced")
	})

	e.run("copy", func(e *env) {
		e.unless(e.limits.NoReadAt, e.limits.NoWriteAttrs, e.limits.NoExclusive)
		e.put(e.path("file"), data(1, big))
		e.put(e.path("other"), data(2, 100))
		e.link("file", "link")
		for _, names := range [][2]string{{"link", "copy"}, {"other", "link"}} {
			if err := vfs.Copy(e.Context(), e.fs, e.path(names[0]), e.path(names[1]), vfs.CopyOptions{Replace: true}); err != nil {
				e.Fatalf("Copy to %q: %v", names, err)
			}
			e.has(e.path("copy"), data(1, big), "a copy of a link is one of what it leads to")
		}
		if info, err := vfs.Lstat(e.Context(), e.fs, e.path("copy")); err != nil || info.IsLink() {
			e.Errorf("the copy of a link is %+v, %v; want a file", info, err)
		}
		e.has(e.path("file"), data(2, 100), "a copy onto a link goes to what it leads to")
		e.isLink("link", "file")
	})

	e.run("attributes", func(e *env) {
		e.unless(e.limits.NoAttrs)
		e.put(e.path("file"), data(1, 10))
		e.link("file", "link")
		at := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
		if err := vfs.SetAttrs(e.Context(), e.fs, e.path("link"), vfs.Attrs{ModTime: &at}); err != nil {
			e.Fatalf("SetAttrs: %v", err)
		}
		if info := e.stat(e.path("file")); !info.ModTime.Equal(at) {
			e.Errorf("the time of the file is %v, want %v: it was set by way of a link", info.ModTime, at)
		}
	})

	e.run("missing parent", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		e.is(vfs.Symlink(e.Context(), e.fs, e.path("file"), e.path("no", "link")), vfs.ErrNotExist, "Symlink in a directory that is missing")
		e.hasNot(e.path("no"), "a refused Symlink makes nothing")
	})

	e.run("taken", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		e.put(e.path("other"), data(2, 10))
		e.mkdir(e.path("dir"))
		e.link("file", "link")
		e.link("missing", "dangling")
		for _, base := range []string{"other", "dir", "link", "dangling"} {
			e.is(vfs.Symlink(e.Context(), e.fs, e.path("file"), e.path(base)), vfs.ErrExist, "Symlink where something has the name")
		}
		e.has(e.path("other"), data(2, 10), "it was to be replaced by a link, which is refused")
		e.isLink("dangling", "missing")
	})

	e.run("circle", func(e *env) {
		e.link("b", "a")
		e.link("a", "b")
		if err := vfs.Symlink(e.Context(), e.fs, e.path("self"), e.path("self")); err == nil {
			e.isLink("self", "self")
			e.goesNowhere("self")
			e.mustRemove("self")
		}
		for _, base := range []string{"a", "b"} {
			e.goesNowhere(base)
		}
		e.isLink("a", "b")
		if all := e.list(e.path()); len(all) != 2 || !all["a"].IsLink() || !all["b"].IsLink() {
			e.Errorf("a directory with two links that lead to each other lists %v", all)
		}
		e.mustRemove("a")
		e.mustRemove("b")
	})

	e.run("directory", func(e *env) {
		e.mkdir(e.path("dir"))
		e.put(e.path("dir", "file"), data(1, 10))
		if e.limits.NoDirLinks {
			e.is(vfs.Symlink(e.Context(), e.fs, e.path("dir"), e.path("link")), vfs.ErrUnsupported, "Symlink to a directory")
			_, err := vfs.Lstat(e.Context(), e.fs, e.path("link"))
			e.is(err, vfs.ErrNotExist, "Lstat of a link that was refused")
			return
		}
		e.link("dir", "link")
		e.hasDir(e.path("link"), "a link to a directory leads there")
		e.has(e.path("link", "file"), data(1, 10), "what is in a directory is there by way of a link, too")
		e.put(e.path("link", "new"), data(2, 20))
		e.has(e.path("dir", "new"), data(2, 20), "what is written by way of a link is in the directory")
		if all := e.list(e.path("link")); len(all) != 2 {
			e.Errorf("a link to a directory with 2 files lists %v", all)
		}
		// A link is seen from where it is, and not from where somebody has come by another.
		if err := vfs.Symlink(e.Context(), e.fs, e.path("dir", "file"), e.path("link", "inner")); err != nil {
			e.Fatalf("Symlink in a directory that is reached by a link: %v", err)
		}
		e.has(e.path("dir", "inner"), data(1, 10), "a link leads where it was made to lead")
		for _, dir := range []string{"dir", "link"} {
			if target, err := vfs.Readlink(e.Context(), e.fs, e.path(dir, "inner")); err != nil || target != e.path("dir", "file") {
				e.Errorf("Readlink(%q) = %q, %v; want %q", dir+"/inner", target, err, e.path("dir", "file"))
			}
		}
		e.mustRemove("link")
		e.hasDir(e.path("dir"), "only a link to it was removed")
	})
}

// link makes a link to what lies at target in the subtest's directory.
func (e *env) link(target string, name ...string) {
	e.Helper()
	to, err := vfs.Resolve(e.dir, target)
	if err != nil {
		e.Fatal(err)
	}
	if err := vfs.Symlink(e.Context(), e.fs, to, e.path(name...)); err != nil {
		e.Fatalf("Symlink(%q, %q): %v", target, name, err)
	}
}

// isLink checks that there is a link, and where it leads.
func (e *env) isLink(base, target string) {
	e.Helper()
	name, err := vfs.Resolve(e.dir, base)
	if err != nil {
		e.Fatal(err)
	}
	info, err := vfs.Lstat(e.Context(), e.fs, name)
	if err != nil || !info.IsLink() || info.IsDir() || info.Size != 0 || info.Name != name.Base() {
		e.Errorf("Lstat(%q) is %+v, %v; want a link of no size", base, info, err)
	}
	if got, err := vfs.Readlink(e.Context(), e.fs, name); err != nil || got != e.path(target) {
		e.Errorf("Readlink(%q) = %q, %v; want %q", base, got, err, e.path(target))
	}
}

// goesNowhere checks that a link that cannot be followed is an error, and soon.
func (e *env) goesNowhere(base string) {
	e.Helper()
	for what, follow := range map[string]func() error{
		"Stat":       func() error { _, err := e.fs.Stat(e.Context(), e.path(base)); return err },
		"Open":       func() error { _, err := e.fs.Open(e.Context(), e.path(base), vfs.OpenOptions{}); return err },
		"OpenWriter": func() error { _, err := e.fs.OpenWriter(e.Context(), e.path(base), replace); return err },
	} {
		rule := what + " of a link that leads in a circle"
		if err := e.promptly(rule, follow); err == nil || errors.Is(err, vfs.ErrUnavailable) {
			e.Errorf("%s: %v; want an error that does not pass", rule, err)
		}
	}
}

func (e *env) mustRemove(base string) {
	e.Helper()
	if err := e.fs.Remove(e.Context(), e.path(base)); err != nil {
		e.Errorf("Remove(%q): %v", base, err)
	}
}
