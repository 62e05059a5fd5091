package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filegate/core/vfs"
)

func TestTranslate(t *testing.T) {
	const path = "/srv/customers/acme/file"
	wrapped := func(errno syscall.Errno) error { return &fs.PathError{Op: "openat", Path: path, Err: errno} }
	for _, tt := range []struct {
		err  error
		want error
	}{
		{wrapped(syscall.ENOENT), vfs.ErrNotExist},
		{wrapped(syscall.EEXIST), vfs.ErrExist},
		{wrapped(syscall.EACCES), vfs.ErrPermission},
		{wrapped(syscall.EPERM), vfs.ErrPermission},
		{wrapped(syscall.EROFS), vfs.ErrPermission},
		{wrapped(syscall.EISDIR), vfs.ErrIsDir},
		{wrapped(syscall.ENOTDIR), vfs.ErrNotDir},
		{wrapped(syscall.ENOTEMPTY), vfs.ErrNotEmpty},
		{wrapped(syscall.ENAMETOOLONG), vfs.ErrInvalidName},
		{wrapped(syscall.ELOOP), vfs.ErrInvalidName},
		{wrapped(syscall.EINVAL), vfs.ErrInvalid},
		{wrapped(syscall.ENOSPC), vfs.ErrQuota},
		{wrapped(syscall.EDQUOT), vfs.ErrQuota},
		{wrapped(syscall.EFBIG), vfs.ErrTooLarge},
		{wrapped(syscall.EXDEV), vfs.ErrUnsupported},
		{wrapped(syscall.EOPNOTSUPP), vfs.ErrUnsupported},
		{wrapped(syscall.EBADMSG), vfs.ErrCorrupt},
		{wrapped(syscall.EIO), vfs.ErrUnavailable},
		{wrapped(syscall.EMFILE), vfs.ErrUnavailable},
		{wrapped(syscall.ESTALE), vfs.ErrUnavailable},
		{wrapped(syscall.Errno(4000)), vfs.ErrUnavailable},
		{syscall.ENOENT, vfs.ErrNotExist},
		{&os.LinkError{Op: "renameat", Old: path, New: path, Err: syscall.ENOENT}, vfs.ErrNotExist},
		{os.ErrClosed, vfs.ErrClosed},
		{&fs.PathError{Op: "read", Path: path, Err: os.ErrClosed}, vfs.ErrClosed},
		{fmt.Errorf("reading %s", path), vfs.ErrUnavailable},
		{vfs.ErrChanged, vfs.ErrChanged},
		{vfs.Errorf(vfs.ErrQuota, "no room"), vfs.ErrQuota},
	} {
		got := translate(tt.err)
		if vfs.Kind(got) != tt.want {
			t.Errorf("translate(%v) is %v, want %v", tt.err, vfs.Kind(got), tt.want)
		}
		if !errors.Is(got, tt.err) {
			t.Errorf("translate(%v) = %v; the cause is gone", tt.err, got)
		}
		if text := vfs.ClientText(got); strings.Contains(text, path) {
			t.Errorf("translate(%v): the client reads %q", tt.err, text)
		}
	}
	for _, err := range []error{nil, io.EOF, context.Canceled, context.DeadlineExceeded} {
		if got := translate(err); got != err {
			t.Errorf("translate(%v) = %v; want it as it is", err, got)
		}
	}
}

// os.Root has no sentinel for a path that leads out, so this is by experiment.
func TestTranslateEscape(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("..", filepath.Join(dir, "up")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	_, statErr := root.Stat("up")
	_, openErr := root.Open("up/x")
	for _, err := range []error{statErr, openErr, root.Mkdir("up/x", 0o755), root.Chmod("up/x", 0o755), root.Rename("up/x", "y")} {
		if got := vfs.Kind(translate(err)); got != vfs.ErrPermission {
			t.Errorf("translate(%v) is %v, want ErrPermission", err, got)
		}
	}
}
