package vfs

import (
	"context"
	"io/fs"
	"strings"

	"golang.org/x/sync/errgroup"
)

// LinkFS is a store with symbolic links: entries that refer to another name.
//
// A listing contains the link itself, see [Info.IsLink]. Remove and Rename apply to the link
// itself, and Rename may replace a link. All other methods of FS, and those for attributes, follow
// links. Writing to a dangling link creates its target. Following too many links in a row, or links
// in a circle, is an error.
type LinkFS interface {
	FS
	// Lstat is Stat, but does not follow name if it is a link.
	Lstat(ctx context.Context, name Path) (Info, error)
	// Readlink returns the target of the link name, which need not exist. It returns ErrInvalid if
	// name is not a link.
	Readlink(ctx context.Context, name Path) (Path, error)
	// Symlink creates name as a link to target, which need not exist. It returns ErrExist if name
	// exists, and ErrUnsupported for a target to which the store cannot link.
	Symlink(ctx context.Context, target, name Path) error
}

// IsLink reports whether the entry is a symbolic link.
func (i Info) IsLink() bool { return i.Mode&fs.ModeSymlink != 0 }

// Lstat describes name without following it. In a store without links it is Stat.
func Lstat(ctx context.Context, fsys FS, name Path) (Info, error) {
	if f, ok := fsys.(LinkFS); ok {
		return f.Lstat(ctx, name)
	}
	return fsys.Stat(ctx, name)
}

// Readlink returns the target of a link. In a store without links it returns ErrUnsupported.
func Readlink(ctx context.Context, fsys FS, name Path) (Path, error) {
	if f, ok := fsys.(LinkFS); ok {
		return f.Readlink(ctx, name)
	}
	return "", errNoLinks
}

// Symlink creates a link, or returns ErrUnsupported.
func Symlink(ctx context.Context, fsys FS, target, name Path) error {
	if f, ok := fsys.(LinkFS); ok {
		return f.Symlink(ctx, target, name)
	}
	return errNoLinks
}

var errNoLinks error = Errorf(ErrUnsupported, "this store has no symbolic links")

// ErrNoLink is returned by Readlink if the name is not a link.
var ErrNoLink error = Errorf(ErrInvalid, "not a symbolic link")

// followsAtOnce is how many links of a page are looked up at the same time.
const followsAtOnce = 16

// FollowLinks replaces each link in a page of a listing by its target, under the name of the link,
// for protocols without links. A link whose target does not exist or may not be seen stays a link,
// so that it can be removed. FollowLinks returns the error of the context.
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

// ResolveTarget converts the target of the link name from a client to a Path. A relative target
// starts at the directory of the link. Unlike in a name, ".." must not go above the root: such a
// target is refused, because the client means something else.
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

// From returns p as a relative name from the directory dir. [UnescapeBytes] of it is the form for a
// client, which [ResolveTarget] converts back to p.
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
