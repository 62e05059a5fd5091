package local

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"filegate/core/vfs"
)

// A link on the disk is a text, and may point anywhere. A link that leads out of the directory,
// like every absolute link, is never followed. New links are relative, so that other programs that
// use the directory follow them to the same place.

// maxLinks is how many links are followed for one name, as in Linux.
const maxLinks = 40

var errLeadsOut error = vfs.Errorf(vfs.ErrPermission, "permission denied: a link leads out of the storage")

// behind returns name with its links resolved, the last element only if last is set. Elements that
// do not exist are kept as they are.
func (f *FS) behind(name vfs.Path, last bool) (vfs.Path, error) {
	return f.walk(vfs.Root, name.Elements(), last)
}

// walk resolves the elements of way from the directory at, whose own name has no links.
func (f *FS) walk(at vfs.Path, way []string, last bool) (vfs.Path, error) {
	for links := 0; len(way) > 0; {
		elem := way[0]
		way = way[1:]
		switch {
		case elem == "" || elem == ".":
			continue
		case elem == ".." && at.IsRoot():
			return "", errLeadsOut
		case elem == "..":
			at = at.Dir()
			continue
		case !vfs.ValidName(elem):
			return "", vfs.ErrInvalidName
		}
		next := at.Join(elem)
		info, err := f.at().Lstat(string(next[1:]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", translate(err)
		}
		if err != nil || info.Mode().Type() != fs.ModeSymlink || len(way) == 0 && !last {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", translate(syscall.ELOOP)
		}
		text, err := f.linkText(next)
		if err != nil {
			return "", err
		}
		way = append(text, way...)
	}
	return at, nil
}

// linkText returns the elements of a link's target, relative to the link.
func (f *FS) linkText(name vfs.Path) ([]string, error) {
	text, err := f.at().Readlink(string(name[1:]))
	switch {
	case errors.Is(err, syscall.EINVAL):
		return nil, vfs.ErrNoLink
	case err != nil:
		return nil, translate(err)
	case strings.HasPrefix(text, "/"):
		return nil, errLeadsOut
	}
	return strings.Split(text, "/"), nil
}

// Lstat implements [vfs.LinkFS].
func (f *FS) Lstat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return vfs.Info{}, err
	}
	info, err := f.at().Lstat(rel)
	if err != nil {
		return vfs.Info{}, translate(err)
	}
	return describe(name.Base(), info), nil
}

// Readlink implements [vfs.LinkFS]. It does not tell the target of a link that leads out of the
// directory.
func (f *FS) Readlink(ctx context.Context, name vfs.Path) (vfs.Path, error) {
	if _, err := f.begin(ctx, name); err != nil {
		return "", err
	}
	if name.IsRoot() {
		return "", vfs.ErrNoLink
	}
	name, err := f.behind(name, false)
	if err != nil {
		return "", err
	}
	text, err := f.linkText(name)
	if err != nil {
		return "", err
	}
	return f.walk(name.Dir(), text, false)
}

// Symlink implements [vfs.LinkFS].
func (f *FS) Symlink(ctx context.Context, target, name vfs.Path) error {
	if _, err := f.begin(ctx, name); err != nil {
		return err
	}
	if _, err := local(target); err != nil {
		return err
	}
	if name.IsRoot() {
		return vfs.ErrExist
	}
	name, err := f.behind(name, false)
	if err != nil {
		return err
	}
	return translate(f.at().Symlink(target.From(name.Dir()), string(name[1:])))
}

// Place implements [vfs.PlaceFS].
func (f *FS) Place(ctx context.Context, name vfs.Path, follow bool) (vfs.Place, error) {
	if _, err := f.begin(ctx, name); err != nil {
		return vfs.Place{}, err
	}
	name, err := f.behind(name, follow)
	return vfs.Place{Path: name}, err
}
