package authplugin

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	socketDirPrefix = "filegate-auth-"
	// maxSocketBase leaves room in a socket's address (108 bytes) for the names that are made below the base.
	maxSocketBase = 40
	// staleAfter protects a directory that somebody has just made and not yet locked.
	staleAfter = time.Minute
)

// socketDir is a directory of our own for the sockets of one authenticator. It is locked for as long as it is in use,
// so that a gateway that was killed leaves one that the next can tell from a living one's, in whatever container.
type socketDir struct {
	path string
	lock *os.File
}

func newSocketDir(base string) (*socketDir, error) {
	if len(base) > maxSocketBase {
		return nil, fmt.Errorf("the directory for sockets %q is too long for the address of a socket: use one of at most %d characters", base, maxSocketBase)
	}
	removeStale(base)
	path, err := os.MkdirTemp(base, socketDirPrefix) // mode 0700
	if err != nil {
		return nil, fmt.Errorf("make a directory for sockets: %w", err)
	}
	lock, err := lockDir(path)
	if err != nil {
		_ = os.Remove(path)
		return nil, fmt.Errorf("lock the directory for sockets: %w", err)
	}
	return &socketDir{path: path, lock: lock}, nil
}

// remove removes the directory and all in it.
func (d *socketDir) remove() error {
	err := os.RemoveAll(d.path)
	_ = d.lock.Close()
	return err
}

// removeStale removes what dead gateways of the same user left. Whatever cannot be removed is left: it does no harm.
func removeStale(base string) {
	found, _ := filepath.Glob(filepath.Join(base, socketDirPrefix+"*"))
	for _, path := range found {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !ownedByUs(info) || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if lock, err := lockDir(path); err == nil {
			_ = os.RemoveAll(path)
			_ = lock.Close()
		}
	}
}

func ownedByUs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// lockDir returns the directory, open and locked, or an error if somebody else has it.
func lockDir(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = dir.Close()
		return nil, err
	}
	return dir, nil
}
