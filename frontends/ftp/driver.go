package ftp

import (
	"context"
	"io/fs"
	"os"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"filegate/core/session"
	"filegate/core/vfs"
)

// driver adapts a session to the library's file system (ClientDriver). The errors that it returns
// are a [reply].
type driver struct {
	client  *client
	session *session.Session
	// copyFrom is the file of SITE CPFR; empty: none.
	copyFrom vfs.Path
	// renamesDir is set if the name in the latest RNTO ends in a slash, and so is the name of a
	// directory.
	renamesDir bool
}

var (
	_ ftpserver.ClientDriver                        = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionRemoveDir      = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionAvailableSpace = (*driver)(nil)
)

// resolve returns the path for a client's name.
func (d *driver) resolve(name string) (vfs.Path, error) {
	n, err := d.resolveName(name)
	return n.Path, err
}

func (d *driver) resolveName(name string) (vfs.Name, error) {
	names := d.names()
	cwd, err := vfs.Resolve(vfs.Root, names.fromClient(d.client.cc.Path()))
	if err != nil {
		return vfs.Name{}, err
	}
	return vfs.ResolveName(cwd, names.fromClient(name))
}

func (d *driver) stat(ctx context.Context, name string) (vfs.Info, error) {
	p, err := d.resolve(name)
	if err != nil {
		return vfs.Info{}, err
	}
	return d.session.Stat(ctx, p)
}

// do runs a storage call for a client's name.
func (d *driver) do(name string, call func(ctx context.Context, p vfs.Path) error) (err error) {
	if err := d.client.enter(); err != nil {
		return err
	}
	defer d.client.leave()
	defer recoverTo(&err, d.session.Log())
	// The library makes most names absolute, but not all.
	p, err := d.resolve(name)
	if err != nil {
		return failure(err)
	}
	return failure(call(d.session.Context(), p))
}

// Stat implements CWD, CDUP, SIZE, MDTM, RNFR and AVBL.
func (d *driver) Stat(name string) (info os.FileInfo, err error) {
	err = d.do(name, func(ctx context.Context, p vfs.Path) error {
		i, err := d.session.Stat(ctx, p)
		info = fileInfo{i}
		return err
	})
	return info, err
}

// Mkdir implements MKD.
func (d *driver) Mkdir(name string, _ os.FileMode) error {
	return d.do(name, d.session.Mkdir)
}

// Remove implements DELE.
func (d *driver) Remove(name string) error {
	return d.do(name, d.session.Remove)
}

// RemoveDir implements RMD.
func (d *driver) RemoveDir(name string) error {
	return d.do(name, d.session.Rmdir)
}

// Rename implements RNFR and RNTO. It replaces an existing file, as all servers do that clients
// know, and never moves into a directory.
func (d *driver) Rename(oldname, newname string) error {
	return d.do(oldname, func(ctx context.Context, from vfs.Path) error {
		to, err := d.resolve(newname)
		if err != nil {
			return err
		}
		if err := (vfs.Name{Path: from, Dir: d.renamesDir}).Present(ctx, d.session); err != nil {
			return err
		}
		return d.session.Rename(ctx, from, to, vfs.RenameOptions{Replace: true})
	})
}

// Chtimes implements MFMT.
func (d *driver) Chtimes(name string, _, mtime time.Time) error {
	return d.setAttrs(name, vfs.Attrs{ModTime: &mtime})
}

// Chmod implements SITE CHMOD. A store without permissions ignores them silently, because clients
// send them after every upload.
func (d *driver) Chmod(name string, mode os.FileMode) error {
	return d.setAttrs(name, vfs.Attrs{Mode: new(mode.Perm())})
}

// GetAvailableSpace implements AVBL.
func (d *driver) GetAvailableSpace(name string) (free int64, err error) {
	err = d.do(name, func(ctx context.Context, p vfs.Path) error {
		space, err := d.session.StatSpace(ctx, p)
		if err == nil && space.Free < 0 {
			err = vfs.Errorf(vfs.ErrUnsupported, "the free space is not known, or without limit")
		}
		free = space.Free
		return err
	})
	return free, err
}

// The library requires the following methods and calls none of them, because this package executes
// the commands that need them.

func (d *driver) Name() string                                          { return "filegate" }
func (d *driver) Create(string) (afero.File, error)                     { return nil, errNotCalled }
func (d *driver) Open(string) (afero.File, error)                       { return nil, errNotCalled }
func (d *driver) OpenFile(string, int, os.FileMode) (afero.File, error) { return nil, errNotCalled }
func (d *driver) MkdirAll(string, os.FileMode) error                    { return errNotCalled }
func (d *driver) RemoveAll(string) error                                { return errNotCalled }
func (d *driver) Chown(string, int, int) error                          { return errNotCalled }

// fileInfo is an entry for the library.
type fileInfo struct{ info vfs.Info }

func (f fileInfo) Name() string       { return f.info.Name }
func (f fileInfo) Size() int64        { return f.info.Size }
func (f fileInfo) Mode() fs.FileMode  { return shownMode(f.info) }
func (f fileInfo) IsDir() bool        { return f.info.IsDir() }
func (f fileInfo) Sys() any           { return nil }
func (f fileInfo) ModTime() time.Time { return modTime(f.info) }
