package local

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"filegate/core/vfs"
)

// tempPrefix is the prefix of the names of uploads before Commit.
const tempPrefix = ".filegate-upload-"

// dir is an open directory. Its methods use the descriptor and a single name. So neither a link nor
// a directory that is moved meanwhile can redirect them.
type dir struct{ *os.File }

// openDir opens the directory rel. It returns the errors of the system.
func (f *FS) openDir(rel string) (dir, error) {
	under, err := f.at().OpenFile(rel, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	return dir{under}, err
}

// parent opens the parent directory of name. It returns errors of package vfs.
func (f *FS) parent(ctx context.Context, name vfs.Path) (dir, error) {
	if _, err := f.begin(ctx, name); err != nil {
		return dir{}, err
	}
	rel, err := local(name.Dir())
	if err != nil {
		return dir{}, err
	}
	d, err := f.openDir(rel)
	return d, translate(err)
}

func (d dir) fd() int { return int(d.Fd()) }

func (d dir) close() { d.Close() }

func (d dir) remove(name string) error { return unix.Unlinkat(d.fd(), name, 0) }

func (d dir) rmdir(name string) error { return unix.Unlinkat(d.fd(), name, unix.AT_REMOVEDIR) }

func (d dir) rename(oldname string, to dir, newname string, replace bool) error {
	if replace {
		return unix.Renameat(d.fd(), oldname, to.fd(), newname)
	}
	err := renameNoReplace(d.fd(), oldname, to.fd(), newname)
	if err != unix.EINVAL && err != unix.ENOSYS {
		return err
	}
	// Network file systems and some systems do not support this. There is a short gap between the
	// check and the rename.
	var stat unix.Stat_t
	if unix.Fstatat(to.fd(), newname, &stat, unix.AT_SYMLINK_NOFOLLOW) == nil {
		return unix.EEXIST
	}
	return unix.Renameat(d.fd(), oldname, to.fd(), newname)
}

// setTimes sets the times that are not nil.
func (d dir) setTimes(name string, access, modified *time.Time) error {
	if access == nil && modified == nil {
		return nil
	}
	var stamps [2]unix.Timespec
	for i, t := range []*time.Time{access, modified} {
		if t == nil {
			stamps[i].Nsec = omitTime
			continue
		}
		var err error
		if stamps[i], err = unix.TimeToTimespec(*t); err != nil {
			return err
		}
	}
	return unix.UtimesNanoAt(d.fd(), name, stamps[:], unix.AT_SYMLINK_NOFOLLOW)
}

// createTemp creates an empty hidden file. It is locked while it is open, so that sweep knows that
// it is in use.
func (d dir) createTemp() (*os.File, string, error) {
	for {
		name := tempPrefix + rand.Text()[:12]
		fd, err := unix.Openat(d.fd(), name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o666)
		if err == unix.EEXIST || err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		file := os.NewFile(uintptr(fd), name)
		var stat unix.Stat_t
		if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
			err = unix.Fstat(fd, &stat)
		}
		switch {
		case err == unix.EWOULDBLOCK, err == nil && stat.Nlink == 0:
			// A sweep has taken the file for a leftover, between its creation and its locking.
			file.Close()
		case err != nil:
			_ = d.remove(name) // if it stays, the next listing tries again
			file.Close()
			return nil, "", err
		default:
			return file, name, nil
		}
	}
}

// sweep removes the leftovers in the directory, and reports whether there were any.
func (d dir) sweep() bool {
	swept := false
	for {
		names, err := d.Readdirnames(pageSize)
		for _, name := range names {
			if strings.HasPrefix(name, tempPrefix) && d.sweepOne(name) {
				swept = true
			}
		}
		if err != nil {
			return swept
		}
	}
}

// sweepOne removes an upload that no process is writing any more, and reports whether it did.
func (d dir) sweepOne(name string) bool {
	fd, err := unix.Openat(d.fd(), name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	return d.remove(name) == nil
}
