package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"

	"filegate/core/vfs"
)

// OpenWriter implements [vfs.FS].
func (f *FS) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	rel, err := f.begin(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case name.IsRoot():
		return nil, vfs.ErrIsDir
	case opts.Offset < vfs.AtEnd || opts.Size < 0:
		return nil, vfs.Errorf(vfs.ErrInvalid, "the offset or size is negative")
	}
	old, err := f.target(rel, opts)
	if err != nil {
		return nil, err
	}
	base := name.Base()
	if name, err = f.behind(name, !opts.Exclusive); err != nil {
		return nil, err
	}
	rel = string(name[1:])
	d, err := f.parent(ctx, name)
	if err != nil {
		return nil, err
	}
	w := &writer{ctx: ctx, fs: f, dir: d, rel: rel, name: name.Base(), base: base, opts: opts}
	if err := w.begin(old); err != nil {
		w.Close()
		return nil, translate(err)
	}
	return w, nil
}

// target returns the description of the file that a writer will replace, nil if there is none, or
// an error if it cannot be replaced. It returns errors of package vfs.
func (f *FS) target(rel string, opts vfs.WriteOptions) (fs.FileInfo, error) {
	info, err := f.at().Stat(rel)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, translate(err)
	}
	if !missing {
		if err := regular(info); err != nil {
			return nil, err
		}
	}
	switch {
	case opts.IfVersion != "" && (missing || version(info) != opts.IfVersion):
		return nil, vfs.ErrChanged
	case opts.Exclusive && (!missing || f.exists(rel)):
		return nil, vfs.ErrExist
	case missing && !opts.Create:
		return nil, translate(err)
	case missing:
		return nil, nil
	}
	return info, nil
}

// exists reports whether the name exists. A dangling link counts.
func (f *FS) exists(rel string) bool {
	_, err := f.at().Lstat(rel)
	return err == nil
}

// writer is an upload. It writes to a hidden file in the directory of the final file.
type writer struct {
	ctx  context.Context
	fs   *FS
	dir  dir
	rel  string
	name string // in dir, with all links resolved
	base string // the name in its descriptions, which is that of OpenWriter
	opts vfs.WriteOptions
	next int64 // where ReadFrom continues

	file *os.File
	temp string // name of the hidden file in dir; empty: it does not exist (any more)

	mu     sync.Mutex
	failed error // the first error of a write or of Commit
	attrs  vfs.Attrs
}

// begin creates the hidden file, with the parts of the old file that are kept.
func (w *writer) begin(old fs.FileInfo) error {
	if w.opts.Size > 0 {
		if space, err := statSpace(w.dir.File); err == nil && w.opts.Size > space.Free {
			return vfs.Errorf(vfs.ErrQuota, "there is no room for a file of this size")
		}
	}
	var err error
	if w.file, w.temp, err = w.dir.createTemp(); err != nil {
		return err
	}
	if old == nil && w.opts.Mode != nil {
		if err := w.file.Chmod(w.opts.Mode.Perm()); err != nil {
			return err
		}
	}
	if old != nil {
		if err := w.file.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
		if !w.opts.Truncate {
			if err := w.copyOld(); err != nil {
				return err
			}
		}
	}
	if have := w.Size(); w.opts.Offset > have {
		return vfs.OffsetBehindEnd(w.opts.Offset, have)
	}
	w.next = w.opts.Offset
	if w.opts.Offset == vfs.AtEnd {
		w.next = w.Size()
	}
	return nil
}

// copyOld copies the old content. The kernel copies, or shares the blocks if the file system can.
func (w *writer) copyOld() error {
	old, _, err := w.fs.openFile(w.rel)
	if err != nil {
		return err
	}
	defer old.Close()
	const part = 256 << 20 // between two checks of the context
	for {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(w.file, old, part); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (w *writer) WriteAt(p []byte, off int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, w.fail(err)
	}
	if off < 0 {
		return 0, w.fail(vfs.Errorf(vfs.ErrInvalid, "the offset is negative"))
	}
	if off > math.MaxInt64-int64(len(p)) {
		return 0, w.fail(vfs.ErrTooLarge)
	}
	n, err := w.file.WriteAt(p, off)
	if err != nil {
		return n, w.fail(translate(err))
	}
	return n, nil
}

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(io.NewOffsetWriter(w, w.next), r)
	w.next += n
	if err != nil {
		return n, w.fail(err)
	}
	return n, nil
}

// fail records the first error.
func (w *writer) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	return err
}

func (w *writer) ReadAt(p []byte, off int64) (int, error) { return readAt(w.ctx, w.file, p, off) }

func (w *writer) Truncate(size int64) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if size < 0 {
		return vfs.Errorf(vfs.ErrInvalid, "the size is negative")
	}
	return translate(w.file.Truncate(size))
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attrs = w.attrs.With(attrs)
	return nil
}

func (w *writer) Size() int64 {
	info, err := w.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return vfs.Info{}, err
	}
	w.mu.Lock()
	failed, attrs := w.failed, w.attrs
	w.mu.Unlock()
	switch {
	case failed != nil:
		return vfs.Info{}, failed
	case w.temp == "":
		return vfs.Info{}, vfs.ErrClosed
	}
	info, err := w.publish(attrs)
	return info, translate(err)
}

// publish syncs the content, renames the file to its final name, and syncs the directory.
func (w *writer) publish(attrs vfs.Attrs) (vfs.Info, error) {
	if attrs.Mode != nil {
		if err := w.file.Chmod(attrs.Mode.Perm()); err != nil {
			return vfs.Info{}, err
		}
	}
	if err := w.dir.setTimes(w.temp, attrs.AccessTime, attrs.ModTime); err != nil {
		return vfs.Info{}, err
	}
	if err := w.file.Sync(); err != nil {
		return vfs.Info{}, err
	}
	if err := w.rename(); err != nil {
		return vfs.Info{}, err
	}
	info, err := w.file.Stat()
	if err != nil {
		return vfs.Info{}, err
	}
	return describe(w.base, info), w.dir.Sync()
}

func (w *writer) rename() error {
	w.fs.publishing.Lock()
	defer w.fs.publishing.Unlock()
	if w.opts.IfVersion != "" {
		if _, err := w.fs.target(w.rel, w.opts); err != nil {
			return err
		}
	}
	if err := w.dir.rename(w.temp, w.dir, w.name, !w.opts.Exclusive); err != nil {
		return err
	}
	w.temp = ""
	return nil
}

func (w *writer) Close() error {
	var err error
	if w.temp != "" {
		err = translate(w.dir.remove(w.temp))
		w.temp = ""
	}
	if w.file != nil {
		err = errors.Join(err, closeFile(w.file))
	}
	return errors.Join(err, closeFile(w.dir.File))
}
