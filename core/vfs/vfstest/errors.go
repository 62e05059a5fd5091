package vfstest

import (
	"context"
	"errors"
	"io"

	"filegate/core/vfs"
)

// testErrors calls each method for what is missing, and for a directory where a file is wanted and
// the other way round.
func testErrors(e *env) {
	e.put(e.path("file"), data(1, 10))
	e.mkdir(e.path("dir"))
	e.put(e.path("dir", "inner"), data(2, 10))

	stat := func(ctx context.Context, name vfs.Path) error {
		_, err := e.fs.Stat(ctx, name)
		return err
	}
	list := func(ctx context.Context, name vfs.Path) error {
		l, err := e.fs.List(ctx, name)
		if err != nil {
			return err
		}
		defer l.Close()
		if _, err = l.Next(ctx); errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	open := func(ctx context.Context, name vfs.Path) error {
		f, err := e.fs.Open(ctx, name, vfs.OpenOptions{})
		if err != nil {
			return err
		}
		return f.Close()
	}
	write := func(opts vfs.WriteOptions) func(ctx context.Context, name vfs.Path) error {
		return func(ctx context.Context, name vfs.Path) error {
			w, err := e.fs.OpenWriter(ctx, name, opts)
			if err != nil {
				return err
			}
			return w.Close()
		}
	}

	for _, tt := range []struct {
		name string
		call func(ctx context.Context, name vfs.Path) error
		on   vfs.Path
		want []error // one of them
	}{
		{"stat missing", stat, e.path("missing"), []error{vfs.ErrNotExist}},
		{"stat missing in missing", stat, e.path("missing", "a", "b"), []error{vfs.ErrNotExist}},
		{"stat below file", stat, e.path("file", "x"), []error{vfs.ErrNotDir, vfs.ErrNotExist}},
		{"list missing", list, e.path("missing"), []error{vfs.ErrNotExist}},
		{"list file", list, e.path("file"), []error{vfs.ErrNotDir}},
		{"open missing", open, e.path("missing"), []error{vfs.ErrNotExist}},
		{"open directory", open, e.path("dir"), []error{vfs.ErrIsDir}},
		{"open root", open, vfs.Root, []error{vfs.ErrIsDir}},
		{"write missing", write(vfs.WriteOptions{Truncate: true}), e.path("missing"), []error{vfs.ErrNotExist}},
		{"write directory", write(replace), e.path("dir"), []error{vfs.ErrIsDir}},
		{"write root", write(replace), vfs.Root, []error{vfs.ErrIsDir}},
		{"remove missing", e.fs.Remove, e.path("missing"), []error{vfs.ErrNotExist}},
		{"remove missing in missing", e.fs.Remove, e.path("missing", "a"), []error{vfs.ErrNotExist}},
		{"remove directory", e.fs.Remove, e.path("dir"), []error{vfs.ErrIsDir}},
		{"rmdir missing", e.fs.Rmdir, e.path("missing"), []error{vfs.ErrNotExist}},
		{"rmdir file", e.fs.Rmdir, e.path("file"), []error{vfs.ErrNotDir}},
		{"rmdir full", e.fs.Rmdir, e.path("dir"), []error{vfs.ErrNotEmpty}},
		{"mkdir directory", e.fs.Mkdir, e.path("dir"), []error{vfs.ErrExist}},
		{"mkdir file", e.fs.Mkdir, e.path("file"), []error{vfs.ErrExist}},
	} {
		err := tt.call(e.Context(), tt.on)
		e.isOne(err, tt.want, tt.name)
		if e.limits.Kind == nil && err != nil && vfs.Kind(err) == nil {
			e.Errorf("%s: %v is of no kind; every error that leaves a store is one of vfs.Kinds", tt.name, err)
		}
	}

	e.names(e.list(e.dir), "what was refused has changed nothing", "file", "dir")
	e.has(e.path("file"), data(1, 10), "what was refused has changed nothing")
	e.has(e.path("dir", "inner"), data(2, 10), "what was refused has changed nothing")
}
