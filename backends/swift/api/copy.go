package api

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"strings"
)

// CopyObject is Copy for an object with a known description. If the object has no modification time
// in its metadata, the copy gets its displayed time, because Swift's time of the copy is later.
func (c *Client) CopyObject(ctx context.Context, from, to Name, o Object) error {
	var more map[string]string
	if o.Exists() && !o.IsLink() && !o.IsVersion() && o.Header.Get(MetaMtime) == "" {
		more = map[string]string{MetaMtime: FormatSeconds(o.ModTime)}
		if t := c.TimedType(o.ContentType, more); t != o.ContentType {
			more["Content-Type"] = t
		}
	}
	return c.Copy(ctx, from, to, o.IsVersion(), more)
}

// Copy copies one object inside of Swift: a plain object with its content, a manifest as a
// manifest, a symbolic link as a link. For a version, Swift would try to copy its internal link to
// the version, and fail. So a symbolic link that is a version is copied as the object to which it
// leads. The error is not translated.
func (c *Client) Copy(ctx context.Context, from, to Name, isVersion bool, more map[string]string) error {
	query := url.Values{"multipart-manifest": {"get"}}
	if !isVersion {
		query.Set("symlink", "get")
	}
	// No If-None-Match, because Swift applies the conditions of a COPY to its source.
	header := c.Destination(to)
	maps.Copy(header, more)
	_, err := c.Send(ctx, Request{Method: MethodCopy, Target: from, Header: header, Query: query})
	return err
}

// Destination returns the headers for the target of a COPY.
func (c *Client) Destination(to Name) map[string]string {
	header := map[string]string{"Destination": Quote(strings.TrimPrefix(to.InAccount(), "/"))}
	// Without it, Swift uses the account of the source.
	if account := cmp.Or(to.Account, c.Account); account != "" {
		header["Destination-Account"] = Quote(account)
	}
	return header
}

// MethodCopy is the method of a server-side copy.
const MethodCopy = "COPY"

// CopyTarget returns the target of a COPY. As always in a Name, the login's own account is empty.
func CopyTarget(req Request, own string) Name {
	n := Name{Account: req.Target.Account}
	if account := req.Header["Destination-Account"]; account != "" {
		n.Account = unquote(account)
		if n.Account == own {
			n.Account = ""
		}
	}
	n.Container, n.Object, _ = strings.Cut(strings.TrimPrefix(unquote(req.Header["Destination"]), "/"), "/")
	return n
}
