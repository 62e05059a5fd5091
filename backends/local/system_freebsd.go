package local

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// omitTime, as the nanoseconds of a timestamp, leaves this time unchanged (utimensat(2)).
const omitTime = unix.UTIME_OMIT

// errDamaged is the system's error for a file system whose structures are damaged.
const errDamaged = syscall.Errno(unix.EINTEGRITY)

// renameNoReplace returns ENOSYS, because FreeBSD has no such call.
func renameNoReplace(int, string, int, string) error { return unix.ENOSYS }

// changeTimes returns the times of the last change of the content and of the inode, in nanoseconds.
func changeTimes(info fs.FileInfo) (modified, changed int64) {
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Mtimespec.Nano(), stat.Ctimespec.Nano()
}

// blockSize returns the unit of the block counts in stat, in bytes.
func blockSize(stat *unix.Statfs_t) int64 { return int64(stat.Bsize) }
