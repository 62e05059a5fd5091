package api

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"strings"
)

// CopyObject is Copy of what was looked at. Where it was given no time the copy gets the one that
// was shown, since Swift's own is that of the copy.
func (c *Client) CopyObject(ctx context.Context, from, to Name, o Object) error {
	var more map[string]string
	if o.Exists() && !o.IsLink() && !o.IsVersion() && o.Header.Get(MetaMtime) == "" {
		more = map[string]string{MetaMtime: FormatSeconds(o.ModTime)}
	}
	return c.Copy(ctx, from, to, o.IsVersion(), more)
}

// Copy copies one object on Swift's side: a plain one with its content, a manifest as a manifest, a
// symbolic link as a link. Of one that is a version Swift would copy the link that leads to it, and
// fail; so a symbolic link that is a version becomes a copy of what it leads to. The error is not
// translated.
func (c *Client) Copy(ctx context.Context, from, to Name, isVersion bool, more map[string]string) error {
	query := url.Values{"multipart-manifest": {"get"}}
	if !isVersion {
		query.Set("symlink", "get")
	}
	// No If-None-Match: Swift takes the conditions of a COPY as being about its source.
	header := c.Destination(to)
	maps.Copy(header, more)
	_, err := c.Send(ctx, Request{Method: MethodCopy, Target: from, Header: header, Query: query})
	return err
}

// Destination says in the headers of a COPY where to.
func (c *Client) Destination(to Name) map[string]string {
	header := map[string]string{"Destination": Quote(strings.TrimPrefix(to.InAccount(), "/"))}
	// Without it, Swift takes the account that the source is in.
	if account := cmp.Or(to.Account, c.Account); account != "" {
		header["Destination-Account"] = Quote(account)
	}
	return header
}

// MethodCopy is the method of a copy on Swift's side.
const MethodCopy = "COPY"

// CopyTarget is where a COPY puts what it copies. The login's own account has no name there, as
// everywhere.
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
