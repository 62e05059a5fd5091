package vfs

import "context"

// Place identifies an object in a store. All names of the object have the same place.
type Place struct {
	// Path is the canonical name of the object, without aliases and links.
	Path Path
	// Of are the names of the files whose content can also be reached here: the file of which this
	// is an old version or a part.
	Of []Path
	// Kept reports whether the store keeps parts or old versions of other files here, and cannot
	// tell of which.
	Kept bool
}

// PlaceFS is a store in which an object can have several names. Permissions apply to places, not to
// names.
type PlaceFS interface {
	FS
	// Place returns the place of name. It follows all links on the way and, with follow, the last
	// element too. Nothing need exist at name. A link that leads out of the store is ErrPermission.
	Place(ctx context.Context, name Path, follow bool) (Place, error)
}

// PlaceOf returns the place of name. In a store without PlaceFS it is the name itself, or the
// target of a link of that name.
func PlaceOf(ctx context.Context, fsys FS, name Path, follow bool) (Place, error) {
	if f, ok := fsys.(PlaceFS); ok {
		return f.Place(ctx, name, follow)
	}
	if f, ok := fsys.(LinkFS); ok && follow {
		end, err := LinkEnd(ctx, f, name)
		return Place{Path: end}, err
	}
	return Place{Path: name}, nil
}

// maxLinksInARow is how many links LinkEnd follows.
const maxLinksInARow = 40

// LinkEnd follows the last element of name link by link, and returns the final target, or name
// itself if it is not a link. The store follows links before the last element.
func LinkEnd(ctx context.Context, fsys LinkFS, name Path) (Path, error) {
	for range maxLinksInARow {
		info, err := fsys.Lstat(ctx, name)
		switch kind := Kind(err); {
		case err == nil && !info.IsLink(), kind == ErrNotExist, kind == ErrNotDir:
			return name, nil
		case err != nil:
			return "", err
		}
		if name, err = fsys.Readlink(ctx, name); err != nil {
			return "", err
		}
	}
	return "", Errorf(ErrInvalidName, "too many symbolic links in a row, or they lead in a circle")
}

// HomeFS is a store that can be restricted to one of its directories.
type HomeFS interface {
	FS
	// InHome returns the store with the directory home as its root; home need not exist yet. No
	// link leads out of it, even if links and directories change later. The caller closes the store
	// if it is an io.Closer.
	InHome(home Path) FS
}

// InHome returns the store restricted to home, and the name of home in it: the root, or home itself
// if the store has no HomeFS.
func InHome(fsys FS, home Path) (FS, Path) {
	if f, ok := fsys.(HomeFS); ok && !home.IsRoot() {
		return f.InHome(home), Root
	}
	return fsys, home
}
