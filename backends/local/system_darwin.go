package local

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// omitTime, as the nanoseconds of a timestamp, leaves this time unchanged (UTIME_OMIT in
// sys/stat.h).
const omitTime = -2

// errDamaged is the system's error for a file system whose structures are damaged.
const errDamaged = syscall.EBADMACHO

// renameNoReplace renames a file unless the new name exists. It returns EINVAL or ENOSYS if the
// file system cannot do that atomically.
func renameNoReplace(from int, oldname string, to int, newname string) error {
	err := unix.RenameatxNp(from, oldname, to, newname, unix.RENAME_EXCL)
	if err == unix.ENOTSUP {
		return unix.ENOSYS
	}
	return err
}

// changeTimes returns the times of the last change of the content and of the inode, in nanoseconds.
func changeTimes(info fs.FileInfo) (modified, changed int64) {
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Mtimespec.Nano(), stat.Ctimespec.Nano()
}

// blockSize returns the unit of the block counts in stat, in bytes.
func blockSize(stat *unix.Statfs_t) int64 { return int64(stat.Bsize) }
