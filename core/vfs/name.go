package vfs

import (
	"context"
	"strings"
)

// Name is what a client calls a file or a directory: a Path, and whether a slash was behind it. A
// name with a slash at its end is that of a directory, as POSIX has it (XBD 4.16): nothing else may
// be meant by it, and no file is made by it.
type Name struct {
	Path Path
	Dir  bool // what has the name must be a directory
}

// ResolveName is [Resolve] that keeps what a slash at the end says.
func ResolveName(cwd Path, s string) (Name, error) {
	p, err := Resolve(cwd, s)
	return Name{Path: p, Dir: strings.HasSuffix(s, "/") || strings.HasSuffix(s, "/.")}, err
}

// Present returns nil where what has the name may be meant by it. It asks the store only for the
// name of a directory.
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

// Openable returns nil where a file may be opened by the name, or with create be made by it, as far
// as the name tells.
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
