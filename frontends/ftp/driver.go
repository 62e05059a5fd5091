package ftp

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"filegate/core/session"
	"filegate/core/vfs"
)

// driver is a session as the library wants a file system to be (its ClientDriver). What it returns as an error is a [reply].
type driver struct {
	client  *client
	session *session.Session
	size    int64 // that ALLO has announced for the next upload; 0: none
	// copyFrom is what SITE CPFR has named; empty: nothing
	copyFrom vfs.Path
}

var (
	_ ftpserver.ClientDriver                        = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionFileList       = (*driver)(nil)
	_ ftpserver.ClientDriverExtentionFileTransfer   = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionRemoveDir      = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionAllocate       = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionAvailableSpace = (*driver)(nil)
	_ ftpserver.ClientDriverExtensionSite           = (*driver)(nil)
)

// do runs one call of the storage on the file that a client calls name.
func (d *driver) do(name string, call func(ctx context.Context, p vfs.Path) error) (err error) {
	if err := d.client.enter(); err != nil {
		return err
	}
	defer d.client.leave()
	defer recoverTo(&err, d.session.Log())
	// The library has made most names absolute, but not all.
	p, err := vfs.Resolve(vfs.Path(d.client.cc.Path()), name)
	if err != nil {
		return failure(err)
	}
	return failure(call(d.session.Context(), p))
}

// Stat serves nearly every command: CWD, SIZE, MDTM, MLST, STAT, RNFR, and the listings.
func (d *driver) Stat(name string) (info os.FileInfo, err error) {
	err = d.do(name, func(ctx context.Context, p vfs.Path) error {
		i, err := d.session.Stat(ctx, p)
		info = fileInfo{i}
		return err
	})
	return info, err
}

// ReadDir serves LIST, NLST, MLSD and STAT. The library wants all entries at once, so there is a limit to them.
func (d *driver) ReadDir(name string) (entries []os.FileInfo, err error) {
	err = d.do(name, func(ctx context.Context, p vfs.Path) error {
		l, err := d.session.List(ctx, p)
		if err != nil {
			return err
		}
		defer l.Close()
		for {
			page, err := l.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if limit := d.client.srv.cfg.MaxListEntries; len(entries)+len(page) > limit {
				return tooMany(limit)
			}
			if err := vfs.FollowLinks(ctx, d.session, p, page); err != nil {
				return err
			}
			for _, info := range page {
				entries = append(entries, fileInfo{info})
			}
		}
		slices.SortFunc(entries, func(a, b os.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
		return nil
	})
	return entries, err
}

func tooMany(limit int) error {
	return vfs.Errorf(vfs.ErrTooLarge, "the directory has more than %d entries, which cannot be listed by FTP", limit)
}

// Mkdir serves MKD.
func (d *driver) Mkdir(name string, _ os.FileMode) error {
	return d.do(name, d.session.Mkdir)
}

// Remove serves DELE.
func (d *driver) Remove(name string) error {
	return d.do(name, d.session.Remove)
}

// RemoveDir serves RMD.
func (d *driver) RemoveDir(name string) error {
	return d.do(name, d.session.Rmdir)
}

// Rename serves RNFR with RNTO, which replaces a file that is there, as in all servers that clients know, and never moves into a directory.
func (d *driver) Rename(oldname, newname string) error {
	return d.do(oldname, func(ctx context.Context, from vfs.Path) error {
		to, err := vfs.Resolve(vfs.Root, newname)
		if err != nil {
			return err
		}
		return d.session.Rename(ctx, from, to, vfs.RenameOptions{Replace: true})
	})
}

// Chtimes serves MFMT.
func (d *driver) Chtimes(name string, _, mtime time.Time) error {
	return d.do(name, func(ctx context.Context, p vfs.Path) error {
		return d.session.SetAttrs(ctx, p, vfs.Attrs{ModTime: &mtime})
	})
}

// Chmod serves SITE CHMOD. A store that keeps no permissions takes them without a word: clients send them after every upload.
func (d *driver) Chmod(name string, mode os.FileMode) error {
	return d.do(name, func(ctx context.Context, p vfs.Path) error {
		perm := mode.Perm()
		return d.session.SetAttrs(ctx, p, vfs.Attrs{Mode: &perm})
	})
}

// AllocateSpace serves ALLO: the size of the upload that follows.
func (d *driver) AllocateSpace(size int) error {
	if size < 0 {
		return &reply{501, "ALLO takes a number of bytes."}
	}
	d.size = int64(size)
	return nil
}

// GetAvailableSpace serves AVBL.
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

// The library has these in its interface, and calls none of them where the driver has the extensions above, and a Site of its own.

func (d *driver) Name() string                                          { return "filegate" }
func (d *driver) Create(string) (afero.File, error)                     { return nil, errNotCalled }
func (d *driver) Open(string) (afero.File, error)                       { return nil, errNotCalled }
func (d *driver) OpenFile(string, int, os.FileMode) (afero.File, error) { return nil, errNotCalled }
func (d *driver) MkdirAll(string, os.FileMode) error                    { return errNotCalled }
func (d *driver) RemoveAll(string) error                                { return errNotCalled }
func (d *driver) Chown(string, int, int) error                          { return errNotCalled }

// fileInfo is an entry as the library lists it: one line each, whatever the name, and times in UTC, which is what clients take them for.
type fileInfo struct{ info vfs.Info }

func (f fileInfo) Name() string      { return vfs.EscapeControl(f.info.Name) }
func (f fileInfo) Size() int64       { return f.info.Size }
func (f fileInfo) Mode() fs.FileMode { return f.info.Mode & (fs.ModeDir | fs.ModePerm) }
func (f fileInfo) IsDir() bool       { return f.info.IsDir() }
func (f fileInfo) Sys() any          { return nil }

func (f fileInfo) ModTime() time.Time {
	if f.info.ModTime.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return f.info.ModTime.UTC()
}
