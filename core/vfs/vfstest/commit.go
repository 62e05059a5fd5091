package vfstest

import (
	"errors"
	"io"

	"filegate/core/vfs"
)

// testCommit is about what is published when.
func testCommit(e *env) {
	e.run("info", func(e *env) {
		for _, size := range []int{0, 1000, big} {
			got := e.put(e.path("file"), data(1, size))
			want := e.stat(e.path("file"))
			if got.Name != want.Name || got.Size != want.Size || got.Mode != want.Mode || got.Version != want.Version || !e.sameTime(got.ModTime, want.ModTime) {
				e.Errorf("Commit returned %+v, and Stat %+v; Commit returns what Stat would now say", got, want)
			}
		}
	})

	e.run("new file", func(e *env) {
		const rule = "nothing of an upload is visible before Commit"
		w := e.create(e.path("file"), replace)
		e.stream(w, data(1, big))
		e.hasNot(e.path("file"), rule)
		if info, ok := e.list(e.dir)["file"]; ok && !info.Partial {
			e.Errorf("it is listed: %s", rule)
		}
		e.commit(w)
		e.has(e.path("file"), data(1, big), "Commit returns when the store has the content for good")
		e.names(e.list(e.dir), "nothing but the file is left of its upload", "file")
	})

	e.run("old content", func(e *env) {
		const rule = "nothing old is lost before Commit"
		e.put(e.path("file"), data(1, 1000))
		w := e.create(e.path("file"), replace)
		e.has(e.path("file"), data(1, 1000), rule)
		e.stream(w, data(2, big))
		e.has(e.path("file"), data(1, 1000), rule)
		e.commit(w)
		e.has(e.path("file"), data(2, big), "Commit replaces the old content")
	})

	e.run("abort", func(e *env) {
		e.unless(e.limits.NoAbort)
		const rule = "Close without Commit publishes nothing"
		e.put(e.path("old"), data(1, 1000))
		for _, name := range []string{"old", "new"} {
			for _, size := range []int{0, 1000, big} {
				w := e.create(e.path(name), replace)
				e.stream(w, data(2, size))
				for range 2 {
					if err := w.Close(); err != nil {
						e.Errorf("Close: %v; it may be called twice", err)
					}
				}
			}
		}
		e.has(e.path("old"), data(1, 1000), rule)
		e.hasNot(e.path("new"), rule)
		for name, info := range e.list(e.dir) {
			if name != "old" && !info.Partial {
				e.Errorf("%q is listed: %s", name, rule)
			}
		}
	})

	e.run("failed source", func(e *env) {
		e.unless(e.limits.NoAbort)
		const rule = "once a write has failed, Commit fails too, and the old content stays"
		e.put(e.path("old"), data(1, 1000))
		for _, name := range []string{"old", "new"} {
			w := e.create(e.path(name), replace)
			cut := errors.New("the client has gone")
			left := 100_000
			n, err := w.ReadFrom(readerFunc(func(p []byte) (int, error) {
				if left == 0 {
					return 0, cut
				}
				n := min(left, len(p))
				left -= n
				return n, nil
			}))
			if !errors.Is(err, cut) || n > 100_000 {
				e.Errorf("ReadFrom = %d, %v; want the reader's error", n, err)
			}
			if _, err := w.Commit(e.Context()); err == nil {
				e.Errorf("Commit of %q = nil: %s", name, rule)
			}
			if err := w.Close(); err != nil {
				e.Errorf("Close after a failed Commit: %v", err)
			}
		}
		e.has(e.path("old"), data(1, 1000), rule)
		e.hasNot(e.path("new"), rule)
	})

	e.run("last one counts", func(e *env) {
		first, second := e.create(e.path("file"), replace), e.create(e.path("file"), replace)
		e.stream(first, data(1, 200_000))
		e.stream(second, data(2, 100_000))
		e.commit(second)
		e.has(e.path("file"), data(2, 100_000), "two uploads to one name do not meet before Commit")
		e.commit(first)
		e.has(e.path("file"), data(1, 200_000), "of two uploads to one name the last Commit counts, whole")
	})

	e.run("exclusive", func(e *env) {
		e.unless(e.limits.NoExclusive)
		exclusive := vfs.WriteOptions{Create: true, Exclusive: true, Truncate: true}
		w := e.create(e.path("file"), exclusive)
		e.stream(w, data(1, 1000))
		e.commit(w)
		e.has(e.path("file"), data(1, 1000), "Exclusive makes a file that is missing")
		_, err := e.fs.OpenWriter(e.Context(), e.path("file"), exclusive)
		e.is(err, vfs.ErrExist, "OpenWriter with Exclusive, of a file that exists")
		e.has(e.path("file"), data(1, 1000), "Exclusive replaces nothing")
	})

	e.run("exclusive at commit", func(e *env) {
		e.unless(e.limits.NoExclusive)
		exclusive := vfs.WriteOptions{Create: true, Exclusive: true, Truncate: true}
		w := e.create(e.path("file"), exclusive)
		e.stream(w, data(1, 1000))
		e.put(e.path("file"), data(2, 500))
		_, err := w.Commit(e.Context())
		e.is(err, vfs.ErrExist, "Commit with Exclusive, of a file that somebody else has made meanwhile")
		e.has(e.path("file"), data(2, 500), "Exclusive replaces nothing")
	})

	e.run("if version", func(e *env) {
		e.unless(e.limits.NoVersion)
		guarded := func(info vfs.Info) vfs.WriteOptions {
			return vfs.WriteOptions{Create: true, Truncate: true, IfVersion: info.Version}
		}
		first := e.put(e.path("file"), data(1, 1000))
		w := e.create(e.path("file"), guarded(first))
		e.stream(w, data(2, 1000))
		second := e.commit(w)
		e.has(e.path("file"), data(2, 1000), "IfVersion with the present version changes nothing")

		_, err := e.fs.OpenWriter(e.Context(), e.path("file"), guarded(first))
		e.is(err, vfs.ErrChanged, "OpenWriter with the version of an older content")

		w = e.create(e.path("file"), guarded(second))
		e.stream(w, data(3, 1000))
		e.put(e.path("file"), data(4, 1000))
		_, err = w.Commit(e.Context())
		e.is(err, vfs.ErrChanged, "Commit with a version that somebody else has replaced meanwhile")
		e.has(e.path("file"), data(4, 1000), "what somebody else has committed stays")
	})

	e.run("missing parent", func(e *env) {
		for _, name := range []vfs.Path{e.path("no", "file"), e.path("no", "such", "file")} {
			w, err := e.fs.OpenWriter(e.Context(), name, replace)
			if err == nil {
				w.Close()
			}
			e.is(err, vfs.ErrNotExist, "OpenWriter in a directory that is missing")
			e.hasNot(e.path("no"), "a refused upload leaves no directory behind")
		}
	})

	e.run("reader at the end", func(e *env) {
		w := e.create(e.path("file"), replace)
		if n, err := w.ReadFrom(readerFunc(func([]byte) (int, error) { return 0, io.EOF })); n != 0 || err != nil {
			e.Errorf("ReadFrom of an empty reader = %d, %v; io.EOF is not an error of it", n, err)
		}
		e.commit(w)
		e.has(e.path("file"), nil, "a file that nothing was written to is empty")
	})
}
