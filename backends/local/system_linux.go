package local

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// omitTime, as the nanoseconds of a timestamp, leaves this time unchanged (utimensat(2)).
const omitTime = unix.UTIME_OMIT

// errDamaged is the system's error for a file system whose structures are damaged.
const errDamaged = syscall.EUCLEAN

// renameNoReplace renames a file unless the new name exists. It returns EINVAL or ENOSYS if the
// file system cannot do that atomically.
func renameNoReplace(from int, oldname string, to int, newname string) error {
	return unix.Renameat2(from, oldname, to, newname, unix.RENAME_NOREPLACE)
}

// changeTimes returns the times of the last change of the content and of the inode, in nanoseconds.
func changeTimes(info fs.FileInfo) (modified, changed int64) {
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Mtim.Nano(), stat.Ctim.Nano()
}

// blockSize returns the unit of the block counts in stat, in bytes.
func blockSize(stat *unix.Statfs_t) int64 { return stat.Frsize }
