package memfs

import (
	"context"
	"io/fs"
	"time"

	"filegate/core/vfs"
)

var (
	_ vfs.LinkFS  = (*FS)(nil)
	_ vfs.PlaceFS = (*FS)(nil)
)

// maxLinks is how many links are followed for one name.
const maxLinks = 8

var errLoop error = vfs.Errorf(vfs.ErrInvalidName, "too many symbolic links in a row")

// behind returns name with its links resolved, the last element only if last is set. The caller
// holds the mutex.
func (f *FS) behind(name vfs.Path, last bool) (vfs.Path, error) {
	for range maxLinks + 1 {
		next, ok := f.firstLink(name, last)
		if !ok {
			return name, nil
		}
		name = next
	}
	return "", errLoop
}

// firstLink returns name with its first link resolved, if there is one.
func (f *FS) firstLink(name vfs.Path, last bool) (vfs.Path, bool) {
	n, elements := f.root, name.Elements()
	for i, elem := range elements {
		if n = n.entries[elem]; n == nil {
			break
		}
		if n.link == "" || i == len(elements)-1 && !last {
			continue
		}
		to := n.link
		for _, below := range elements[i+1:] {
			to = to.Join(below)
		}
		return to, true
	}
	return "", false
}

// Lstat implements [vfs.LinkFS].
func (f *FS) Lstat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	n, err := f.entry(ctx, name)
	if err != nil {
		return vfs.Info{}, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return n.info(name.Base()), nil
}

// Readlink implements [vfs.LinkFS].
func (f *FS) Readlink(ctx context.Context, name vfs.Path) (vfs.Path, error) {
	n, err := f.entry(ctx, name)
	switch {
	case err != nil:
		return "", err
	case n.link == "":
		return "", vfs.ErrNoLink
	}
	return n.link, nil
}

// entry returns the node with the name, which may be a link.
func (f *FS) entry(ctx context.Context, name vfs.Path) (*node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	name, err := f.behind(name, false)
	if err != nil {
		return nil, err
	}
	return f.find(name)
}

// Symlink implements [vfs.LinkFS].
func (f *FS) Symlink(ctx context.Context, target, name vfs.Path) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name, err := f.behind(name, false)
	if err != nil {
		return err
	}
	dir, old, err := f.place(name)
	switch {
	case err != nil:
		return err
	case old != nil:
		return vfs.ErrExist
	}
	dir.entries[name.Base()] = &node{mode: fs.ModeSymlink | 0o777, modTime: time.Now(), link: target}
	return nil
}

// Place implements [vfs.PlaceFS].
func (f *FS) Place(ctx context.Context, name vfs.Path, follow bool) (vfs.Place, error) {
	if err := ctx.Err(); err != nil {
		return vfs.Place{}, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	name, err := f.behind(name, follow)
	return vfs.Place{Path: name}, err
}
