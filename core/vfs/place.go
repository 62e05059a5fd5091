package vfs

import "context"

// Place is where in a store a name leads: the same for all spellings of one object.
type Place struct {
	// Path is the plainest name of the object, without aliases and links in it.
	Path Path
	// Of are the names whose content can be reached here too: the file of which this is an old
	// version, or a part.
	Of []Path
	// Kept reports whether the store keeps parts or old versions of other files here, and cannot
	// tell of which.
	Kept bool
}

// PlaceFS is a store in which one object can have several names. Permissions hold for places, not
// for names.
type PlaceFS interface {
	FS
	// Place returns where name leads: with all links followed that are on the way and, with follow,
	// the last element too. Nothing need be there. A link that leads out of the store is
	// ErrPermission.
	Place(ctx context.Context, name Path, follow bool) (Place, error)
}

// PlaceOf returns where name leads. In a store of which nothing is known, the name itself is the
// place, or what the link of that name leads to.
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

// LinkEnd returns what the last element of name leads to, link by link: name itself where that is
// none. Links before the last element are the store's to follow.
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

// HomeFS is a store that can be seen from one of its directories.
type HomeFS interface {
	FS
	// InHome returns the store with the directory home as its root, which need not be there yet. No
	// link leads out of it, whatever becomes of links and directories meanwhile. Who has it closes
	// it, if it is an io.Closer.
	InHome(home Path) FS
}

// InHome returns the store seen from a directory, and the name of that directory in it: the root,
// or home where the store cannot do that.
func InHome(fsys FS, home Path) (FS, Path) {
	if f, ok := fsys.(HomeFS); ok && !home.IsRoot() {
		return f.InHome(home), Root
	}
	return fsys, home
}
