package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// A symbolic link is one of Swift's own: an object without content that names another object, which
// GET, HEAD and COPY return instead, so following a link costs nothing. It cannot name a directory:
// a directory has no object, or one that has nothing to do with the entries below it.
// Content-Location in the answer is the name of the target, even if there is no target: it shows
// that the name is a link, and which object to write to.
//
// In a container that keeps versions, all answers have another name in Content-Location, and links
// cannot be distinguished from files. There, links look like their targets, and no new ones can be
// created.

var _ vfs.LinkFS = (*FS)(nil)

// lookupEntry is lookup, but if the name is a link, it describes the link.
func (f *FS) lookupEntry(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	info, o, err := f.lookup(ctx, n, base)
	return f.itself(ctx, n, base, info, o, err)
}

// itself is lookupEntry for a name that has been looked up.
func (f *FS) itself(ctx context.Context, n api.Name, base string, info vfs.Info, o api.Object, err error) (vfs.Info, api.Object, error) {
	if !o.ThroughLink && !api.CannotFollow(err) {
		return info, o, err
	}
	link, linkErr := f.client.HeadLink(ctx, n)
	switch {
	case linkErr != nil:
		return vfs.Info{}, api.Object{}, api.Translate(linkErr)
	case !link.IsLink():
		return info, o, err
	}
	return api.LinkInfo(base, link), link, nil
}

// lookupThrough is lookup for a file that is to be written: if the name is a link, it also returns
// the name of the target, which need not exist.
func (f *FS) lookupThrough(ctx context.Context, n api.Name, base string) (api.Name, vfs.Info, api.Object, error) {
	info, o, err := f.lookup(ctx, n, base)
	return f.through(ctx, n, base, info, o, err)
}

// through is lookupThrough for a name that has been looked up.
func (f *FS) through(ctx context.Context, n api.Name, base string, info vfs.Info, o api.Object, err error) (api.Name, vfs.Info, api.Object, error) {
	if !o.ThroughLink && !api.Dangles(err) {
		return n, info, o, err
	}
	to, behindErr := f.client.LinkEnd(ctx, n, o, err)
	if behindErr != nil {
		return n, vfs.Info{}, api.Object{}, behindErr
	}
	if err != nil { // a target without an object may be a directory
		info, o, err = f.lookup(ctx, to, base)
	}
	o.ThroughLink = false
	return to, info, o, err
}

// Lstat implements [vfs.LinkFS]. If the name is no link, it costs the same as Stat.
func (f *FS) Lstat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Info{}, err
	}
	return f.describe(ctx, n, p.Base(), func(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
		info, o, err := f.lookupToShow(ctx, n, base)
		return f.itself(ctx, n, base, info, o, err)
	})
}

// Readlink implements [vfs.LinkFS].
func (f *FS) Readlink(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	n, err := f.locate(p)
	if err != nil {
		return "", err
	}
	_, inTree, err := f.historyAt(ctx, n)
	if err != nil {
		return "", err
	}
	if n.IsObject() && !inTree {
		link, err := f.client.HeadLink(ctx, n)
		switch {
		case err == nil && link.IsLink():
			return f.pathOf(link.LinkTarget, p)
		case err != nil && api.StatusOf(err) != http.StatusNotFound:
			return "", f.client.Refusal(ctx, n, err)
		}
	}
	if _, err := f.Lstat(ctx, p); err != nil {
		return "", err
	}
	return "", vfs.ErrNoLink
}

// Symlink implements [vfs.LinkFS].
func (f *FS) Symlink(ctx context.Context, target, p vfs.Path) error {
	n, err := f.locateFile(p)
	if err != nil {
		return err
	}
	to, err := f.locate(target)
	if err != nil {
		return err
	}
	if err := n.CheckNew(); err != nil {
		return err
	}
	if err := f.changeable(ctx, n); err != nil {
		return err
	}
	if err := f.maySymlink(ctx, n); err != nil {
		return err
	}
	switch _, err := f.Lstat(ctx, p); {
	case err == nil:
		return vfs.ErrExist
	case !errors.Is(err, vfs.ErrNotExist):
		return err
	}
	if err := f.checkTarget(ctx, n, to, target); err != nil {
		return err
	}
	if err := f.prepareParent(ctx, n); err != nil {
		return err
	}
	header := map[string]string{
		api.SymlinkTargetHeader: api.Quote(strings.TrimPrefix(to.InAccount(), "/")), "Content-Type": api.LinkType,
		"If-None-Match": "*", // an object that was created since Lstat is not overwritten
	}
	if to.Account != n.Account {
		header[api.SymlinkAccountHeader] = api.Quote(cmp.Or(to.Account, f.client.Account))
	}
	_, err = f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: n, Header: header})
	if api.StatusOf(err) == http.StatusPreconditionFailed {
		if now, headErr := f.client.HeadLink(ctx, n); api.Reached(err) && headErr == nil && now.LinkTarget == to {
			return nil // an earlier attempt has created it, and its answer was lost
		}
		return api.RefusedAs(err, vfs.ErrExist, "")
	}
	return api.Translate(err)
}

// maySymlink returns an error if links cannot be created in the container of n.
func (f *FS) maySymlink(ctx context.Context, n api.Name) error {
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	if !limits.Symlinks {
		return vfs.Errorf(vfs.ErrUnsupported, "this storage has no symbolic links")
	}
	resp, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n.Top()})
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return api.RefusedAs(err, vfs.ErrNotExist, "there is no container "+n.Container)
	case api.StatusOf(err) == http.StatusForbidden:
		// A login that may write to a container need not be allowed to request its attributes.
		return nil
	case err != nil:
		return api.Translate(err)
	case api.VersioningOf(resp.Header).Enabled:
		return vfs.Errorf(vfs.ErrUnsupported, "there can be no symbolic links in %q, since it keeps versions of files", n.Container)
	}
	return nil
}

// checkTarget returns an error if n cannot become a link to the target. A missing target is not an
// error.
func (f *FS) checkTarget(ctx context.Context, n, to api.Name, target vfs.Path) error {
	switch {
	case !to.IsObject():
		return vfs.Errorf(vfs.ErrUnsupported, "a symbolic link can lead to a file only, and %q is a container: the storage has no links to those", target)
	case to == n:
		return vfs.Errorf(vfs.ErrInvalid, "a symbolic link cannot lead to itself")
	}
	switch _, inTree, err := f.historyAt(ctx, to); {
	case err != nil:
		return err
	case inTree:
		return vfs.Errorf(vfs.ErrUnsupported, "a symbolic link cannot lead to an old version of a file: the storage has no links to those")
	}
	info, _, err := f.lookup(ctx, to, target.Base())
	switch {
	case err == nil && info.IsDir():
		return vfs.Errorf(vfs.ErrUnsupported, "a symbolic link can lead to a file only, and %q is a directory: the storage has no links to those", target)
	case errors.Is(err, api.ErrNoContainer), err != nil && api.StatusOf(err) == http.StatusForbidden:
		return api.RefusedAs(err, vfs.ErrPermission, "there is no container of this name for a symbolic link to lead to, or this login may not read it")
	case err != nil && !errors.Is(err, vfs.ErrNotExist):
		return err
	}
	return nil
}

// pathOf returns the path by which a client reaches n. If near begins with an alias through which n
// can be reached, the path begins with that alias too.
func (f *FS) pathOf(n api.Name, near vfs.Path) (vfs.Path, error) {
	var elements []string
	first, _, _ := strings.Cut(strings.TrimPrefix(string(near), "/"), "/")
	through, isAlias := f.aliases[first]
	_, hidden := f.aliases[n.Container]
	switch {
	case isAlias && f.client.Foreign(through.account) == n.Account && (through.container == "" || through.container == n.Container):
		elements = append(elements, first)
	case n.Account != "" || hidden:
		elements = append(elements, api.AccountMark+cmp.Or(n.Account, f.client.Account))
		through.container = ""
	default:
		through.container = ""
	}
	if through.container == "" {
		elements = append(elements, api.EscapeElement(n.Container, true))
	}
	for e := range strings.SplitSeq(n.Object, "/") {
		elements = append(elements, api.EscapeElement(e, false))
	}
	p := vfs.Root
	for _, e := range elements {
		if !vfs.ValidName(e) {
			return "", vfs.Errorf(vfs.ErrInvalidName, "the link leads to a name that cannot be shown")
		}
		p = p.Join(e)
	}
	return p, nil
}
