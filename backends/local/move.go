package local

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"filegate/core/vfs"
)

// The target of a relative link changes if the link, or its directory, is moved. So after a move
// the links get new texts that lead to the same targets.

// moved corrects the links after a move from oldname to newname.
func (f *FS) moved(ctx context.Context, oldname, newname vfs.Path, info fs.FileInfo) error {
	switch {
	case oldname.Dir() == newname.Dir() && !info.IsDir():
		return nil
	case info.Mode().Type() == fs.ModeSymlink:
		return f.relink(oldname, newname, oldname, newname)
	case info.IsDir():
		return f.movedBelow(ctx, oldname, newname, vfs.Root)
	}
	return nil
}

// movedBelow corrects all links in the directory below newname.
func (f *FS) movedBelow(ctx context.Context, oldname, newname, below vfs.Path) error {
	d, err := f.openDir(string(newname.Under(below)[1:]))
	if err != nil {
		return err
	}
	defer d.close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := d.ReadDir(pageSize)
		for _, entry := range entries {
			if !vfs.ValidName(entry.Name()) {
				continue
			}
			at := below.Join(entry.Name())
			var err error
			switch {
			case entry.IsDir():
				err = f.movedBelow(ctx, oldname, newname, at)
			case entry.Type() == fs.ModeSymlink:
				err = f.relink(oldname.Under(at), newname.Under(at), oldname, newname)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// relink corrects the text of the link at newname, which was at oldname before. Its target may have
// moved too, with the directory from, which is now at to.
func (f *FS) relink(oldname, newname, from, to vfs.Path) error {
	text, err := f.at().Readlink(string(newname[1:]))
	if err != nil || text == "" || text[0] == '/' {
		return err // an absolute link is never followed
	}
	target, err := vfs.ResolveTarget(oldname, text)
	if err != nil {
		return nil //nolint:nilerr // it led nowhere that anybody could follow
	}
	if from.Contains(target) {
		moved := to
		for _, e := range target.Elements()[len(from.Elements()):] {
			moved = moved.Join(e)
		}
		target = moved
	}
	now := target.From(newname.Dir())
	if now == text {
		return nil
	}
	rel, temp := string(newname[1:]), string(newname.Dir().Join(tempPrefix + "link")[1:])
	_ = f.at().Remove(temp)
	if err := f.at().Symlink(now, temp); err != nil {
		return err
	}
	return f.at().Rename(temp, rel)
}
