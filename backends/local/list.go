package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"filegate/core/vfs"
)

// pageSize is how many directory entries are read at a time.
const pageSize = 256

// List implements [vfs.FS].
func (f *FS) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	rel, err := f.begin(ctx, name)
	if err != nil {
		return nil, err
	}
	d, err := f.openDir(rel)
	if err != nil {
		return nil, translate(err)
	}
	return &lister{fs: f, dir: d, rel: rel}, nil
}

// lister returns the entries in the order of the directory.
type lister struct {
	fs  *FS
	dir dir
	rel string
}

func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := l.dir.ReadDir(pageSize)
		page := make([]vfs.Info, 0, len(entries))
		for _, entry := range entries {
			if info, ok := l.describe(entry); ok {
				page = append(page, info)
			}
		}
		switch {
		case len(page) > 0:
			return page, nil // the error will come again
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, translate(err)
		}
	}
}

// describe returns the description of an entry. It returns false for entries that calls cannot
// reach: invalid names, links that lead out of the directory, and files that are gone.
func (l *lister) describe(entry fs.DirEntry) (vfs.Info, bool) {
	name := entry.Name()
	switch {
	case strings.HasPrefix(name, tempPrefix):
		l.dir.sweepOne(name)
		return vfs.Info{}, false
	case !vfs.ValidName(name):
		return vfs.Info{}, false
	}
	info, err := entry.Info()
	if err != nil {
		return vfs.Info{}, false
	}
	if info.Mode().Type() == fs.ModeSymlink {
		if _, err := l.fs.at().Stat(path.Join(l.rel, name)); err != nil && vfs.Kind(translate(err)) == vfs.ErrPermission {
			return vfs.Info{}, false
		}
	}
	return describe(name, info), true
}

func (l *lister) Close() error { return closeFile(l.dir.File) }
