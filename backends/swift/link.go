package swift

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"filegate/core/vfs"
)

// A symbolic link is Swift's: an object without a content that names another one, which GET, HEAD and COPY give out instead, so that a link
// is followed at no cost. It can name no directory, since a directory is no object, or only one that has nothing to do with what lies below it. The answer
// tells where it is from (Content-Location), also when nothing is there: by that a link is known, and found is what to write to.
//
// In a container that keeps versions all answers are from somewhere else, and links cannot be told from files: there they are what they lead to, and none are made.

var _ vfs.LinkFS = (*FS)(nil)

// The headers of a link.
const (
	linkTarget        = "X-Symlink-Target" // "container/object", quoted
	linkTargetAccount = "X-Symlink-Target-Account"
)

// linkType is the type of a link of ours, which is also what Swift gives to one that has none.
const linkType = "application/symlink"

// maxLinks bounds how many links are looked at on the way to a file. Swift itself follows two.
const maxLinks = 8

const linkMode = fs.ModeSymlink | 0o777

// linkInfo is a link as it is shown. Its time is Swift's, as a listing has it.
func linkInfo(base string, o object) vfs.Info {
	return vfs.Info{Name: base, Mode: linkMode, ModTime: o.modified}
}

// isLink says whether the entry is a link.
func (e entry) isLink() bool { return e.Symlink != "" && !e.VersionLink }

// cannotFollow says whether Swift's answer is that it has found a link, and nothing that it may give out where that leads. A conflict at a GET may
// also be about the file.
func cannotFollow(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	switch {
	case !ok || !e.target.isObject():
		return false
	case e.method == http.MethodHead:
		return e.location != "" || e.status == http.StatusConflict
	}
	return e.method == http.MethodGet && e.location != "" && e.status == http.StatusNotFound
}

// dangles says whether Swift's answer is that a link leads to nothing.
func dangles(err error) bool { return cannotFollow(err) && status(err) == http.StatusNotFound }

// headLink returns the headers of a link itself, as an object that knows where it leads; of anything else what head does. The error is not translated.
func (c *client) headLink(ctx context.Context, n name) (object, error) {
	resp, err := c.send(ctx, request{method: http.MethodHead, target: n, query: url.Values{"symlink": {"get"}}})
	if err != nil {
		return object{}, err
	}
	o := c.object(resp.header)
	if target := resp.header.Get(linkTarget); target != "" && !o.isVersion() {
		account := n.account
		if a := resp.header.Get(linkTargetAccount); a != "" {
			account = c.foreign(unquote(a))
		}
		if to, ok := parseName(account, unquote(target)); ok && to.isObject() {
			o.target = to
		}
	}
	return o, nil
}

// isLink says whether the object is a link itself, and not what one leads to.
func (o object) isLink() bool { return o.target.isObject() }

// lookupEntry is lookup, but of a link it describes the link.
func (f *FS) lookupEntry(ctx context.Context, n name, base string) (vfs.Info, object, error) {
	info, o, err := f.lookup(ctx, n, base)
	return f.itself(ctx, n, base, info, o, err)
}

// itself is lookupEntry for what has been looked up.
func (f *FS) itself(ctx context.Context, n name, base string, info vfs.Info, o object, err error) (vfs.Info, object, error) {
	if !o.link && !cannotFollow(err) {
		return info, o, err
	}
	link, linkErr := f.client.headLink(ctx, n)
	switch {
	case linkErr != nil:
		return vfs.Info{}, object{}, translate(linkErr)
	case !link.isLink():
		return info, o, err
	}
	return linkInfo(base, link), link, nil
}

// lookupThrough is lookup for what is to be written: of a link it also returns the name of what it leads to, which need not be there.
func (f *FS) lookupThrough(ctx context.Context, n name, base string) (name, vfs.Info, object, error) {
	info, o, err := f.lookup(ctx, n, base)
	return f.through(ctx, n, base, info, o, err)
}

// through is lookupThrough for what has been looked up.
func (f *FS) through(ctx context.Context, n name, base string, info vfs.Info, o object, err error) (name, vfs.Info, object, error) {
	if !o.link && !dangles(err) {
		return n, info, o, err
	}
	to, behindErr := f.client.behind(ctx, n, o, err)
	if behindErr != nil {
		return n, vfs.Info{}, object{}, behindErr
	}
	if err != nil { // what HEAD does not know may be a directory still
		info, o, err = f.lookup(ctx, to, base)
	}
	o.link = false
	return to, info, o, err
}

// behind is the name of what the link n leads to: as the answer tells that has followed it, or by asking for it link by link.
func (c *client) behind(ctx context.Context, n name, o object, failed error) (name, error) {
	location := o.header.Get("Content-Location")
	if e, ok := errors.AsType[*statusError](failed); ok {
		location = e.location
	}
	if to, ok := c.parseLocation(location); ok {
		return to, nil
	}
	for range maxLinks {
		link, err := c.headLink(ctx, n)
		switch {
		case status(err) == http.StatusNotFound, err == nil && !link.isLink():
			return n, nil
		case err != nil:
			return name{}, translate(err)
		}
		n = link.target
	}
	return name{}, errTooManyLinks
}

var errTooManyLinks error = vfs.Errorf(vfs.ErrInvalidName, "too many symbolic links in a row, or they lead in a circle")

// parseLocation reads "/v1/account/container/object". Swift's own containers, as that of old versions, are nothing that anybody may name.
func (c *client) parseLocation(location string) (name, bool) {
	parts := strings.SplitN(location, "/", 5)
	if len(parts) < 5 || strings.ContainsRune(location, '?') {
		return name{}, false
	}
	n := name{account: unquote(parts[2]), container: unquote(parts[3]), object: unquote(parts[4])}
	if n.account = c.foreign(n.account); c.account == "" {
		n.account = ""
	}
	return n, n.container != "" && n.object != "" && !strings.ContainsRune(n.container, 0)
}

// Lstat implements [vfs.LinkFS]. What is no link costs what it costs Stat.
func (f *FS) Lstat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	n, err := f.locate(p)
	if err != nil {
		return vfs.Info{}, err
	}
	return f.describe(ctx, n, p.Base(), func(ctx context.Context, n name, base string) (vfs.Info, object, error) {
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
	if n.isObject() && !inTree {
		link, err := f.client.headLink(ctx, n)
		switch {
		case err == nil && link.isLink():
			return f.pathOf(link.target, p)
		case err != nil && status(err) != http.StatusNotFound:
			return "", f.client.refusal(ctx, n, err)
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
	if err := n.checkNew(); err != nil {
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
		linkTarget: quote(strings.TrimPrefix(to.inAccount(), "/")), "Content-Type": linkType,
		"If-None-Match": "*", // nothing that appeared since Lstat is overwritten
	}
	if to.account != n.account {
		header[linkTargetAccount] = quote(cmp.Or(to.account, f.client.account))
	}
	_, err = f.client.send(ctx, request{method: http.MethodPut, target: n, header: header})
	if status(err) == http.StatusPreconditionFailed {
		if now, headErr := f.client.headLink(ctx, n); reached(err) && headErr == nil && now.target == to {
			return nil // an earlier try has made it, whose answer was lost
		}
		return refusedAs(err, vfs.ErrExist, "")
	}
	return translate(err)
}

// maySymlink says why there can be no links where n is.
func (f *FS) maySymlink(ctx context.Context, n name) error {
	limits, err := f.client.limits(ctx)
	if err != nil {
		return translate(err)
	}
	if !limits.symlinks {
		return vfs.Errorf(vfs.ErrUnsupported, "this storage has no symbolic links")
	}
	resp, err := f.client.send(ctx, request{method: http.MethodHead, target: n.top()})
	switch {
	case status(err) == http.StatusNotFound:
		return refusedAs(err, vfs.ErrNotExist, "there is no container "+n.container)
	case status(err) == http.StatusForbidden: // who may write to a container need not be allowed to look at it
		return nil
	case err != nil:
		return translate(err)
	case versioningOf(resp.header).enabled:
		return vfs.Errorf(vfs.ErrUnsupported, "there can be no symbolic links in %q, since it keeps versions of files", n.container)
	}
	return nil
}

// checkTarget says why there can be no link from n to a target. That nothing is there is no reason.
func (f *FS) checkTarget(ctx context.Context, n, to name, target vfs.Path) error {
	switch {
	case !to.isObject():
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
	case errors.Is(err, errNoContainer), err != nil && status(err) == http.StatusForbidden:
		return refusedAs(err, vfs.ErrPermission, "there is no container of this name for a symbolic link to lead to, or this login may not read it")
	case err != nil && !errors.Is(err, vfs.ErrNotExist):
		return err
	}
	return nil
}

// pathOf is the path by which a client reaches what n names. Where the alias that it uses at the moment leads there, it is that way.
func (f *FS) pathOf(n name, near vfs.Path) (vfs.Path, error) {
	var elements []string
	first, _, _ := strings.Cut(strings.TrimPrefix(string(near), "/"), "/")
	through, isAlias := f.aliases[first]
	_, hidden := f.aliases[n.container]
	switch {
	case isAlias && f.client.foreign(through.account) == n.account && (through.container == "" || through.container == n.container):
		elements = append(elements, first)
	case n.account != "" || hidden:
		elements = append(elements, accountMark+cmp.Or(n.account, f.client.account))
		through.container = ""
	default:
		through.container = ""
	}
	if through.container == "" {
		elements = append(elements, escapeElement(n.container, true))
	}
	for e := range strings.SplitSeq(n.object, "/") {
		elements = append(elements, escapeElement(e, false))
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
