package vfs

import (
	"context"
	"io/fs"
	"strings"

	"golang.org/x/sync/errgroup"
)

// LinkFS is a store with symbolic links: entries that stand for what has another name.
//
// A listing shows a link as such, see [Info.IsLink]. Remove and Rename are about the link itself,
// and what Rename replaces is too; all other calls of FS, and those that change or read attributes,
// are about what it leads to. Writing through a link that leads to nothing makes the file that it
// leads to. A link that leads nowhere, since there are too many in a row or they go round in a
// circle, is an error to follow, and never waited for.
type LinkFS interface {
	FS
	// Lstat is Stat, but of a link it describes the link.
	Lstat(ctx context.Context, name Path) (Info, error)
	// Readlink tells what the link name leads to, whether there is anything or not: ErrInvalid
	// where name is no link.
	Readlink(ctx context.Context, name Path) (Path, error)
	// Symlink makes name a link to target, which need not be there. It returns ErrExist where
	// anything has the name already, and ErrUnsupported for a target that the store can have no
	// links to.
	Symlink(ctx context.Context, target, name Path) error
}

// IsLink says whether the entry is a symbolic link.
func (i Info) IsLink() bool { return i.Mode&fs.ModeSymlink != 0 }

// Lstat describes what name is without following it. In a store without links that is Stat.
func Lstat(ctx context.Context, fsys FS, name Path) (Info, error) {
	if f, ok := fsys.(LinkFS); ok {
		return f.Lstat(ctx, name)
	}
	return fsys.Stat(ctx, name)
}

// Readlink tells what a link leads to. In a store without links it returns ErrUnsupported.
func Readlink(ctx context.Context, fsys FS, name Path) (Path, error) {
	if f, ok := fsys.(LinkFS); ok {
		return f.Readlink(ctx, name)
	}
	return "", errNoLinks
}

// Symlink makes a link, or returns ErrUnsupported.
func Symlink(ctx context.Context, fsys FS, target, name Path) error {
	if f, ok := fsys.(LinkFS); ok {
		return f.Symlink(ctx, target, name)
	}
	return errNoLinks
}

var errNoLinks error = Errorf(ErrUnsupported, "this store has no symbolic links")

// ErrNoLink is what Readlink returns for what is no link.
var ErrNoLink error = Errorf(ErrInvalid, "not a symbolic link")

// followsAtOnce is how many links of a page are looked up at the same time.
const followsAtOnce = 16

// FollowLinks puts in the place of each link in a page of a listing what it leads to, by its own
// name: for protocols that have no links. One that leads to nothing, or to what may not be seen,
// stays as it is, so that it can be removed. It returns the context's error.
func FollowLinks(ctx context.Context, fsys FS, dir Path, page []Info) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(followsAtOnce)
	for i := range page {
		if !page[i].IsLink() {
			continue
		}
		g.Go(func() error {
			if info, err := fsys.Stat(ctx, dir.Join(page[i].Name)); err == nil {
				page[i] = info
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// ResolveTarget makes a Path of what a client gives as the target of the link name: a relative one
// is taken from the directory that the link is in. Unlike in a name, ".." does not stop at the
// root: a target above it is not what the client means, and refused.
func ResolveTarget(name Path, target string) (Path, error) {
	if target == "" {
		return "", Errorf(ErrInvalidName, "a link needs a name that it leads to")
	}
	if !strings.HasPrefix(target, "/") {
		depth := len(name.Dir().Elements())
		for elem := range strings.SplitSeq(target, "/") {
			switch elem {
			case "", ".":
			case "..":
				depth--
			default:
				depth++
			}
			if depth < 0 {
				return "", Errorf(ErrPermission, "the link would lead out of what can be seen here: its target is above the top directory")
			}
		}
	}
	return Resolve(name.Dir(), target)
}

// From returns p as a relative name that leads there from the directory dir. To a client it is
// [UnescapeBytes] of that, of which [ResolveTarget] makes p again.
func (p Path) From(dir Path) string {
	to, from := p.Elements(), dir.Elements()
	for len(to) > 0 && len(from) > 0 && to[0] == from[0] {
		to, from = to[1:], from[1:]
	}
	way := strings.Repeat("../", len(from)) + strings.Join(to, "/")
	if way == "" {
		return "."
	}
	return strings.TrimSuffix(way, "/")
}
