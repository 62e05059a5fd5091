package vfs

import (
	"context"
	"strings"
)

// Name is a client's name of a file or a directory: a Path, and whether there was a slash at the
// end. As in POSIX (XBD 4.16), a name with a slash at the end refers only to a directory, and
// cannot create a file.
type Name struct {
	Path Path
	Dir  bool // the name must be that of a directory
}

// ResolveName is [Resolve] that also records a slash at the end.
func ResolveName(cwd Path, s string) (Name, error) {
	p, err := Resolve(cwd, s)
	return Name{Path: p, Dir: strings.HasSuffix(s, "/") || strings.HasSuffix(s, "/.")}, err
}

// Present returns nil if the name may refer to what exists under it. It asks the store only if the
// name has a slash at the end.
func (n Name) Present(ctx context.Context, fsys FS) error {
	if !n.Dir {
		return nil
	}
	info, err := fsys.Stat(ctx, n.Path)
	if err == nil && !info.IsDir() {
		return ErrNotDir
	}
	return err
}

// Openable returns nil if the name may be used to open a file or, with create, to create one. It
// checks only the slash at the end.
func (n Name) Openable(ctx context.Context, fsys FS, create bool) error {
	if !n.Dir {
		return nil
	}
	switch err := n.Present(ctx, fsys); {
	case err == nil:
		return ErrIsDir
	case Kind(err) == ErrNotExist && create:
		return Errorf(ErrIsDir, "there is no such directory, and a name that ends in a slash is that of a directory")
	default:
		return err
	}
}
