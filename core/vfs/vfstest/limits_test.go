package vfstest_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
)

// A store that can do no more than what is left under all limits passes under them: no test uses
// what a limit takes away.
func TestLimits(t *testing.T) {
	open := func(t *testing.T) vfs.FS {
		fsys := poor{memfs.New()}
		if err := fsys.Mkdir(t.Context(), "/work"); err != nil {
			t.Fatal(err)
		}
		return fsys
	}
	limits := vfstest.Limits{
		Root:       "/work",
		Kind:       func(error) error { return nil },
		Name:       func(name string) bool { return !strings.ContainsAny(name, "\r\n") },
		TimeStep:   time.Second,
		Sequential: true, NoTruncate: true, NoInPlace: true, NoReadBack: true, NoExclusive: true, NoAppend: true, NoOffset: true,
		NoReadAt: true, NoVersion: true, NoAttrs: true, NoWriteAttrs: true, NoReplace: true, NoModes: true, NoOwners: true, NoCancel: true, NoSnapshot: true,
	}
	t.Run("NoReplace", func(t *testing.T) { vfstest.TestFS(t, open, limits) })
	limits.NoReplace, limits.OnlyReplace = false, true
	limits.NoAbort = true
	t.Run("OnlyReplace", func(t *testing.T) { vfstest.TestFS(t, open, limits) })
}

// errPoor is the one error of a protocol with one error.
var errPoor = errors.New("failed")

func poorly(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return errPoor
}

// poor is a store that can do little.
type poor struct{ vfs.FS }

func (p poor) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	info, err := p.FS.Stat(ctx, name)
	return poorInfo(info), poorly(err)
}

func poorInfo(info vfs.Info) vfs.Info {
	info.Version, info.ModTime = "", info.ModTime.Truncate(time.Second)
	return info
}

func (p poor) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	if opts != (vfs.OpenOptions{}) {
		panic("the suite uses options that are beyond the limits")
	}
	f, err := p.FS.Open(ctx, name, opts)
	if err != nil {
		return nil, errPoor
	}
	return poorFile{f}, nil
}

type poorFile struct{ vfs.File }

func (poorFile) ReadAt([]byte, int64) (int, error) {
	panic("the suite uses ReadAt, which is beyond the limits")
}
func (f poorFile) Info() vfs.Info { return poorInfo(f.File.Info()) }

func (p poor) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if _, err := p.FS.Stat(ctx, name); err == nil && !opts.Truncate {
		return nil, errPoor
	}
	w, err := p.FS.OpenWriter(ctx, name, opts)
	if err != nil {
		return nil, errPoor
	}
	return &poorWriter{Writer: w}, nil
}

// poorWriter takes one stream.
type poorWriter struct {
	vfs.Writer
	streamed bool
}

func (*poorWriter) WriteAt([]byte, int64) (int, error) {
	panic("the suite uses WriteAt, which is beyond the limits")
}

func (*poorWriter) Truncate(int64) error {
	panic("the suite uses Truncate, which is beyond the limits")
}

func (*poorWriter) SetAttrs(vfs.Attrs) error {
	panic("the suite uses SetAttrs, which is beyond the limits")
}

func (w *poorWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.streamed {
		panic("the suite writes two streams, which is beyond the limits")
	}
	w.streamed = true
	return w.Writer.ReadFrom(r)
}

func (w *poorWriter) Commit(ctx context.Context) (vfs.Info, error) {
	info, err := w.Writer.Commit(ctx)
	return poorInfo(info), poorly(err)
}

func (p poor) Mkdir(ctx context.Context, name vfs.Path) error { return poorly(p.FS.Mkdir(ctx, name)) }

func (p poor) Remove(ctx context.Context, name vfs.Path) error { return poorly(p.FS.Remove(ctx, name)) }

func (p poor) Rmdir(ctx context.Context, name vfs.Path) error { return poorly(p.FS.Rmdir(ctx, name)) }

func (p poor) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	return poorly(p.FS.Rename(ctx, oldname, newname, opts))
}
