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
	// maxSocketBase is the maximum length of the base directory: it leaves room in the address of a
	// socket (108 bytes) for the names below it.
	maxSocketBase = 40
	// staleAfter protects a directory that another gateway has just created and not locked yet.
	staleAfter = time.Minute
)

// socketDir is a private directory for the sockets of one authenticator. It is locked while it is
// in use. So the next gateway can tell the directory of a killed gateway from that of a running
// one, even across containers.
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

// remove removes the directory with its content.
func (d *socketDir) remove() error {
	err := os.RemoveAll(d.path)
	_ = d.lock.Close()
	return err
}

// removeStale removes the directories of dead gateways of the same user. It ignores errors, because
// a remaining directory does no harm.
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

// lockDir opens and locks a directory. It returns an error if another process has locked it.
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
