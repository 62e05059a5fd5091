package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"filegate/core/vfs"
)

// kindOf returns the error of package vfs for an error of the system.
func kindOf(errno syscall.Errno) error {
	switch errno {
	case syscall.ENOENT:
		return vfs.ErrNotExist
	case syscall.EEXIST:
		return vfs.ErrExist
	case syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.EBUSY, syscall.ETXTBSY:
		return vfs.ErrPermission
	case syscall.EISDIR:
		return vfs.ErrIsDir
	case syscall.ENOTDIR:
		return vfs.ErrNotDir
	case syscall.ENOTEMPTY:
		return vfs.ErrNotEmpty
	case syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EILSEQ:
		return vfs.ErrInvalidName
	case syscall.EINVAL:
		return vfs.ErrInvalid
	case syscall.ENOSPC, syscall.EDQUOT:
		return vfs.ErrQuota
	case syscall.EFBIG, syscall.EOVERFLOW:
		return vfs.ErrTooLarge
	case syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EXDEV, syscall.EMLINK, syscall.ENXIO:
		return vfs.ErrUnsupported
	case errDamaged, syscall.EBADMSG:
		return vfs.ErrCorrupt
	}
	return vfs.ErrUnavailable
}

// translate returns the error of package vfs for an error of a system call. It returns errors of
// vfs and of contexts, io.EOF and nil unchanged.
func translate(err error) error {
	if _, ok := errors.AsType[*vfs.Error](err); ok || err == nil || err == io.EOF ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return &vfs.Error{Kind: kindOf(errno), Err: err}
	}
	if vfs.Kind(err) != nil {
		return err
	}
	// All other errors are refusals by os.Root itself, which has no sentinel for them.
	_, isPath := errors.AsType[*fs.PathError](err)
	_, isLink := errors.AsType[*os.LinkError](err)
	if isPath || isLink {
		return &vfs.Error{Kind: vfs.ErrPermission, Text: "permission denied: a link leads out of the storage", Err: err}
	}
	return &vfs.Error{Kind: vfs.ErrUnavailable, Err: err}
}
