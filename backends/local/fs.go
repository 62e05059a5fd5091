package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"filegate/core/vfs"
)

// FS is a login's view of the directory.
type FS struct {
	*Backend
	home home
}

var (
	_ vfs.AttrFS  = (*FS)(nil)
	_ vfs.ModeFS  = (*FS)(nil)
	_ vfs.SpaceFS = (*FS)(nil)
	_ vfs.LinkFS  = (*FS)(nil)
	_ vfs.PlaceFS = (*FS)(nil)
)

// local returns name in the form for [os.Root].
func local(name vfs.Path) (string, error) {
	if name.IsRoot() {
		return ".", nil
	}
	if strings.Contains(string(name), "/"+tempPrefix) {
		return "", vfs.Errorf(vfs.ErrInvalidName, "names that begin with %q are reserved", tempPrefix)
	}
	return string(name[1:]), nil
}

// begin starts each call. It returns an error if the context has already ended.
func (f *FS) begin(ctx context.Context, name vfs.Path) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := f.enter(); err != nil {
		return "", translate(err)
	}
	return local(name)
}

// Stat implements [vfs.FS].
func (f *FS) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return vfs.Info{}, err
	}
	info, err := f.at().Stat(rel)
	if err != nil {
		return vfs.Info{}, translate(err)
	}
	return describe(name.Base(), info), nil
}

// describe returns the description of a file.
func describe(name string, info fs.FileInfo) vfs.Info {
	d := vfs.Info{
		Name:    name,
		Mode:    info.Mode() & (fs.ModeType | fs.ModePerm),
		ModTime: info.ModTime(),
	}
	if !info.IsDir() && !d.IsLink() {
		d.Size = info.Size()
		d.Version = version(info)
	}
	return d
}

// version returns a text that differs for different contents: Commit creates a new inode, and other
// programs that write to a file change its times.
func version(info fs.FileInfo) string {
	modified, changed := changeTimes(info)
	return fmt.Sprintf("%x-%x-%x-%x", info.Sys().(*syscall.Stat_t).Ino, modified, changed, info.Size())
}

// Open implements [vfs.FS].
func (f *FS) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return nil, err
	}
	if opts.Offset < 0 {
		return nil, vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
	}
	under, info, err := f.openFile(rel)
	if err != nil {
		return nil, translate(err)
	}
	if opts.IfVersion != "" && opts.IfVersion != version(info) {
		under.Close()
		return nil, vfs.ErrChanged
	}
	return &file{ctx: ctx, under: under, offset: opts.Offset, info: describe(name.Base(), info)}, nil
}

// openFile opens a regular file for reading.
func (f *FS) openFile(rel string) (*os.File, fs.FileInfo, error) {
	// Opening a pipe would wait for its other end.
	under, err := f.at().OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := under.Stat()
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		under.Close()
		return nil, nil, err
	}
	return under, info, nil
}

// regular returns an error unless info is that of a regular file.
func regular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return vfs.ErrIsDir
	case !info.Mode().IsRegular():
		return vfs.Errorf(vfs.ErrUnsupported, "this is neither a file nor a directory")
	}
	return nil
}

// Mkdir implements [vfs.FS].
func (f *FS) Mkdir(ctx context.Context, name vfs.Path) error { return f.MkdirMode(ctx, name, 0o777) }

// MkdirMode implements [vfs.ModeFS]. The umask of the process applies.
func (f *FS) MkdirMode(ctx context.Context, name vfs.Path, mode fs.FileMode) error {
	rel, err := f.begin(ctx, name)
	switch {
	case errors.Is(err, vfs.ErrNotExist) && name.IsRoot():
		return translate(f.Backend.root.Mkdir(string(f.home.name[1:]), 0o777)) // the home directory itself
	case err != nil:
		return err
	case name.IsRoot():
		return vfs.ErrExist
	}
	return translate(f.at().Mkdir(rel, mode.Perm()))
}

// Remove implements [vfs.FS]. It does not follow a link.
func (f *FS) Remove(ctx context.Context, name vfs.Path) error {
	if name.IsRoot() {
		return vfs.ErrIsDir
	}
	d, err := f.parent(ctx, name)
	if err != nil {
		return err
	}
	defer d.close()
	return translate(d.remove(name.Base()))
}

// Rmdir implements [vfs.FS].
func (f *FS) Rmdir(ctx context.Context, name vfs.Path) error {
	if name.IsRoot() {
		return vfs.Errorf(vfs.ErrPermission, "the top directory cannot be removed")
	}
	d, err := f.parent(ctx, name)
	if err != nil {
		return err
	}
	defer d.close()
	return translate(f.withoutLeftovers(name, func() error { return d.rmdir(name.Base()) }))
}

// Rename implements [vfs.FS]. It does not follow a link.
func (f *FS) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	if oldname.IsRoot() || newname.IsRoot() {
		return vfs.Errorf(vfs.ErrInvalidName, "the top directory cannot be renamed")
	}
	from, err := f.parent(ctx, oldname)
	if err != nil {
		return err
	}
	defer from.close()
	info, err := f.at().Lstat(string(oldname[1:]))
	switch {
	case err != nil:
		return translate(err)
	case oldname == newname:
		return nil
	case info.IsDir() && oldname.Contains(newname):
		return vfs.Errorf(vfs.ErrInvalidName, "a directory cannot be moved into itself")
	}
	to, err := f.parent(ctx, newname)
	if err != nil {
		return err
	}
	defer to.close()
	err = f.withoutLeftovers(newname, func() error {
		return from.rename(oldname.Base(), to, newname.Base(), opts.Replace)
	})
	if err != nil {
		return translate(err)
	}
	return translate(f.moved(context.WithoutCancel(ctx), oldname, newname, info))
}

// withoutLeftovers calls remove. If only leftovers of uploads in the directory name are in the way,
// it removes them and calls remove again.
func (f *FS) withoutLeftovers(name vfs.Path, remove func() error) error {
	err := remove()
	if err != syscall.ENOTEMPTY {
		return err
	}
	d, derr := f.openDir(string(name[1:]))
	if derr != nil {
		return err
	}
	defer d.close()
	if !d.sweep() {
		return err
	}
	return remove()
}

// SetAttrs implements [vfs.AttrFS].
func (f *FS) SetAttrs(ctx context.Context, name vfs.Path, attrs vfs.Attrs) error {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return err
	}
	if _, err := f.at().Stat(rel); err != nil {
		return translate(err)
	}
	if attrs.Mode != nil {
		if err := f.at().Chmod(rel, attrs.Mode.Perm()); err != nil {
			return translate(err)
		}
	}
	if attrs.ModTime != nil || attrs.AccessTime != nil {
		return translate(f.at().Chtimes(rel, orKeep(attrs.AccessTime), orKeep(attrs.ModTime)))
	}
	return nil
}

// orKeep returns the time for Chtimes, where a zero time means no change.
func orKeep(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// StatSpace implements [vfs.SpaceFS]. It returns the space of the file system with name.
func (f *FS) StatSpace(ctx context.Context, name vfs.Path) (vfs.Space, error) {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return vfs.Space{}, err
	}
	under, err := f.at().OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return vfs.Space{}, translate(err)
	}
	defer under.Close()
	space, err := statSpace(under)
	return space, translate(err)
}

func statSpace(under *os.File) (vfs.Space, error) {
	var stat unix.Statfs_t
	if err := unix.Fstatfs(int(under.Fd()), &stat); err != nil {
		return vfs.Space{}, err
	}
	block := blockSize(&stat)
	return vfs.Space{
		Total: int64(stat.Blocks) * block,
		Used:  int64(stat.Blocks-stat.Bfree) * block,
		Free:  int64(stat.Bavail) * block,
	}, nil
}
