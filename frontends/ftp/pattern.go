package ftp

import (
	"context"
	"io"
	"path"
	"strings"

	"filegate/core/vfs"
)

const (
	// maxPatternDirs is how many directories the patterns of one command may read.
	maxPatternDirs = 1000
	// maxFound is how many entries a pattern may match.
	maxFound = 100_000
	// maxStars is how many stars an element of a pattern may have, because each one costs time for
	// each name.
	maxStars = 16
)

// glob returns the entries that match a pattern of LIST or NLST, sorted by name in each directory.
// Each element of the path may be a pattern. As in a shell, names that begin with a dot match only
// patterns that begin with a dot. Too many matches or too many directories are an error.
func (d *driver) glob(ctx context.Context, pattern string) ([]listed, error) {
	start := ""
	if strings.HasPrefix(pattern, "/") {
		start = "/"
	}
	elements := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	for _, elem := range elements {
		if strings.Count(elem, "*") > maxStars {
			return nil, vfs.Errorf(vfs.ErrInvalid, "a name in a pattern can contain at most %d stars", maxStars)
		}
	}
	found := []listed{{path: start}}
	looked := 0
	for i, elem := range elements {
		last := i == len(elements)-1
		var next []listed
		for _, f := range found {
			if looked++; looked > maxPatternDirs {
				return nil, vfs.Errorf(vfs.ErrTooLarge, "the pattern matches more than %d directories", maxPatternDirs)
			}
			if !strings.ContainsAny(elem, "*?[") {
				below := listed{path: path.Join(f.path, elem)}
				if last {
					var err error
					below.info, err = d.stat(ctx, below.path)
					if isAbsent(err) {
						continue
					}
					if err != nil {
						return nil, err
					}
				}
				next = append(next, below)
				continue
			}
			err := d.match(ctx, f.path, elem, func(info vfs.Info) error {
				if last || info.IsDir() {
					next = append(next, listed{info, path.Join(f.path, d.toClient(info.Name))})
				}
				if len(next) > maxFound {
					return vfs.Errorf(vfs.ErrTooLarge, "the pattern matches more than %d files", maxFound)
				}
				return nil
			})
			if err != nil && (len(found) == 1 || !isAbsent(err)) {
				return nil, err
			}
		}
		found = next
	}
	return found, nil
}

// isAbsent reports whether err means that a path from a pattern does not exist or is not
// accessible.
func isAbsent(err error) bool {
	switch vfs.Kind(err) {
	case vfs.ErrNotExist, vfs.ErrNotDir, vfs.ErrPermission, vfs.ErrInvalidName:
		return true
	}
	return false
}

// match calls f for the entries of a directory that match a pattern without slashes.
func (d *driver) match(ctx context.Context, dir, pattern string, f func(vfs.Info) error) error {
	r, err := d.read(ctx, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		infos, err := r.next(ctx, listBatch)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, info := range infos {
			if ok, _ := path.Match(pattern, d.toClient(info.Name)); !ok || strings.HasPrefix(info.Name, ".") && !strings.HasPrefix(pattern, ".") {
				continue
			}
			if err := f(info); err != nil {
				return err
			}
		}
	}
}
