package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"filegate/core/vfs"
)

// The headers of a symbolic link.
const (
	SymlinkTargetHeader  = "X-Symlink-Target" // "container/object", quoted
	SymlinkAccountHeader = "X-Symlink-Target-Account"
)

// LinkType is the content type of new links, which Swift also gives to links without one.
const LinkType = "application/symlink"

// maxLinks is how many links are followed to a file. Swift itself follows two.
const maxLinks = 8

const modeOfLinks = fs.ModeSymlink | 0o777

// LinkInfo returns the description of a link. Its time is Swift's, as in listings.
func LinkInfo(base string, o Object) vfs.Info {
	return vfs.Info{Name: base, Mode: modeOfLinks, ModTime: o.Modified}
}

// CannotFollow reports whether err means that Swift has found a link, but cannot return its target.
// A conflict for a GET may also concern the file.
func CannotFollow(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok || !e.Target.IsObject():
		return false
	case e.Method == http.MethodHead:
		return e.Location != "" || e.Status == http.StatusConflict
	}
	return e.Method == http.MethodGet && e.Location != "" && e.Status == http.StatusNotFound
}

// Dangles reports whether err means that the target of a link does not exist.
func Dangles(err error) bool { return CannotFollow(err) && StatusOf(err) == http.StatusNotFound }

// HeadLink returns the headers of a link itself, with its target. For other objects it is Head. The
// error is not translated.
func (c *Client) HeadLink(ctx context.Context, n Name) (Object, error) {
	resp, err := c.Send(ctx, Request{Method: http.MethodHead, Target: n, Query: url.Values{"symlink": {"get"}}})
	if err != nil {
		return Object{}, err
	}
	o := c.ObjectOf(resp.Header)
	if target := resp.Header.Get(SymlinkTargetHeader); target != "" && !o.IsVersion() {
		account := n.Account
		if a := resp.Header.Get(SymlinkAccountHeader); a != "" {
			account = c.Foreign(unquote(a))
		}
		if to, ok := ParseName(account, unquote(target)); ok && to.IsObject() {
			o.LinkTarget = to
		}
	}
	return o, nil
}

// IsLink reports whether the object is a link itself, and not its target.
func (o Object) IsLink() bool { return o.LinkTarget.IsObject() }

// LinkEnd returns the name of the final target of the link n. It takes it from an answer that has
// followed the link, or follows the links one by one.
func (c *Client) LinkEnd(ctx context.Context, n Name, o Object, failed error) (Name, error) {
	location := o.Header.Get("Content-Location")
	if e, ok := errors.AsType[*StatusError](failed); ok {
		location = e.Location
	}
	if to, ok := c.parseLocation(location); ok {
		return to, nil
	}
	for range maxLinks {
		link, err := c.HeadLink(ctx, n)
		switch {
		case StatusOf(err) == http.StatusNotFound, err == nil && !link.IsLink():
			return n, nil
		case err != nil:
			return Name{}, Translate(err)
		}
		n = link.LinkTarget
	}
	return Name{}, errTooManyLinks
}

var errTooManyLinks error = vfs.Errorf(vfs.ErrInvalidName, "too many symbolic links in a row, or they lead in a circle")

// parseLocation parses "/v1/account/container/object". It returns false for internal containers of
// Swift, such as that of old versions.
func (c *Client) parseLocation(location string) (Name, bool) {
	parts := strings.SplitN(location, "/", 5)
	if len(parts) < 5 || strings.ContainsRune(location, '?') {
		return Name{}, false
	}
	n := Name{Account: unquote(parts[2]), Container: unquote(parts[3]), Object: unquote(parts[4])}
	if n.Account = c.Foreign(n.Account); c.Account == "" {
		n.Account = ""
	}
	return n, n.Container != "" && n.Object != "" && !strings.ContainsRune(n.Container, 0)
}
