package vfstest

import (
	"bytes"
	"context"

	"filegate/core/vfs"
)

// testCancel ends the context of calls and of handles.
func testCancel(e *env) {
	e.unless(e.limits.NoCancel)

	e.run("calls", func(e *env) {
		e.put(e.path("file"), data(1, 10))
		e.mkdir(e.path("dir"))
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		for name, call := range map[string]func() error{
			"Stat": func() error { _, err := e.fs.Stat(ctx, e.path("file")); return err },
			"List": func() error {
				l, err := e.fs.List(ctx, e.dir)
				if err != nil {
					return err
				}
				defer l.Close()
				_, err = l.Next(ctx)
				return err
			},
			"Open":       func() error { _, err := e.fs.Open(ctx, e.path("file"), vfs.OpenOptions{}); return err },
			"OpenWriter": func() error { _, err := e.fs.OpenWriter(ctx, e.path("file"), replace); return err },
			"Mkdir":      func() error { return e.fs.Mkdir(ctx, e.path("new")) },
			"Remove":     func() error { return e.fs.Remove(ctx, e.path("file")) },
			"Rmdir":      func() error { return e.fs.Rmdir(ctx, e.path("dir")) },
			"Rename":     func() error { return e.fs.Rename(ctx, e.path("file"), e.path("new"), e.renaming()) },
		} {
			err := e.promptly(name+" with a cancelled context", call)
			e.is(err, context.Canceled, name+" with a cancelled context")
		}
		e.names(e.list(e.dir), "what was cancelled beforehand has changed nothing", "file", "dir")
		e.has(e.path("file"), data(1, 10), "what was cancelled beforehand has changed nothing")
	})

	e.run("listing", func(e *env) {
		e.fill(20)
		l, err := e.fs.List(e.Context(), e.dir)
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		defer l.Close()
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		_, err = l.Next(ctx)
		e.is(err, context.Canceled, "Next with a cancelled context")
	})

	e.run("listing goes on", func(e *env) {
		e.fill(20)
		ctx, cancel := context.WithCancel(e.Context())
		l, err := e.fs.List(ctx, e.dir)
		if err != nil {
			e.Fatalf("List: %v", err)
		}
		defer l.Close()
		cancel()
		if _, err := l.Next(e.Context()); err != nil {
			e.Errorf("Next: %v; the context of List governs only that call", err)
		}
	})

	e.run("file", func(e *env) {
		e.put(e.path("file"), data(1, big))
		ctx, cancel := context.WithCancel(e.Context())
		f, err := e.fs.Open(ctx, e.path("file"), vfs.OpenOptions{})
		if err != nil {
			e.Fatalf("Open: %v", err)
		}
		defer f.Close()
		cancel()
		if !e.limits.NoReadAt {
			err = e.promptly("ReadAt after the end of Open's context", func() error {
				_, err := f.ReadAt(make([]byte, 10), 1<<20)
				return err
			})
			e.is(err, context.Canceled, "ReadAt after the end of Open's context")
		}
		err = e.promptly("WriteTo after the end of Open's context", func() error {
			_, err := f.WriteTo(&bytes.Buffer{})
			return err
		})
		e.is(err, context.Canceled, "WriteTo after the end of Open's context")
	})

	e.run("file on the way", func(e *env) {
		e.put(e.path("file"), data(1, big))
		ctx, cancel := context.WithCancel(e.Context())
		defer cancel()
		f, err := e.fs.Open(ctx, e.path("file"), vfs.OpenOptions{})
		if err != nil {
			e.Fatalf("Open: %v", err)
		}
		defer f.Close()
		const rule = "WriteTo ends with the context of Open, before the end of a large file"
		err = e.promptly(rule, func() error {
			_, err := f.WriteTo(writerFunc(func(p []byte) (int, error) {
				cancel()
				return len(p), nil
			}))
			return err
		})
		e.is(err, context.Canceled, rule)
	})

	e.run("writer", func(e *env) {
		e.put(e.path("file"), data(1, 1000))
		ctx, cancel := context.WithCancel(e.Context())
		defer cancel()
		w := e.createIn(ctx, e.path("file"), replace)
		const rule = "ReadFrom ends with the context of OpenWriter, though its reader never ends"
		err := e.promptly(rule, func() error {
			total := 0
			_, err := w.ReadFrom(readerFunc(func(p []byte) (int, error) {
				if total += len(p); total > 1<<20 {
					cancel()
				}
				return len(p), nil
			}))
			return err
		})
		e.is(err, context.Canceled, rule)
		if !e.limits.Sequential {
			_, err = w.WriteAt(data(1, 10), 0)
			e.is(err, context.Canceled, "WriteAt after the end of OpenWriter's context")
		}
		if _, err := w.Commit(e.Context()); err == nil {
			e.Error("Commit = nil after a cancelled ReadFrom: the content is no longer what the caller meant")
		}
		e.has(e.path("file"), data(1, 1000), "the old content stays when an upload is cancelled")
	})

	e.run("commit", func(e *env) {
		e.put(e.path("old"), data(1, 1000))
		for _, name := range []string{"old", "new"} {
			for _, size := range []int{1000, big} {
				w := e.create(e.path(name), replace)
				e.stream(w, data(2, size))
				ctx, cancel := context.WithCancel(e.Context())
				cancel()
				_, err := w.Commit(ctx)
				e.is(err, context.Canceled, "Commit with a cancelled context")
				if err := w.Close(); err != nil {
					e.Errorf("Close after a cancelled Commit: %v", err)
				}
			}
		}
		e.has(e.path("old"), data(1, 1000), "a cancelled Commit publishes nothing")
		e.hasNot(e.path("new"), "a cancelled Commit publishes nothing")
	})
}
