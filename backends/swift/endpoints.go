package swift

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// endpoints are the URLs below which the storage of a login must be. Empty: any URL.
type endpoints []*url.URL

// parseEndpoints parses the URLs in texts. The error says what to write instead.
func parseEndpoints(texts []string) (endpoints, error) {
	var all endpoints
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("%q is no http or https URL without user and query: write one like https://swift.example.net or https://swift.example.net/v1/AUTH_shop", text)
		}
		all = append(all, u)
	}
	return all, nil
}

// allow reports whether an endpoint is below one of e: it has the same scheme, host and port, and a
// path that begins with the same elements.
func (e endpoints) allow(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil {
		return false
	}
	for _, allowed := range e {
		if u.Scheme == allowed.Scheme && strings.EqualFold(u.Hostname(), allowed.Hostname()) && portOf(u) == portOf(allowed) && below(u, allowed) {
			return true
		}
	}
	return len(e) == 0
}

// below reports whether the path of u begins with that of top. A path with ".." or with empty
// elements is below nothing, because a server may interpret it differently.
func below(u, top *url.URL) bool {
	within, prefix := path.Clean("/"+u.Path), path.Clean("/"+top.Path)
	if u.Path != within && strings.TrimSuffix(u.Path, "/") != strings.TrimSuffix(within, "/") {
		return false
	}
	return prefix == "/" || within == prefix || strings.HasPrefix(within, prefix+"/")
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// bound returns grants that fail if the storage is not below one of the endpoints.
func (e endpoints) bound(grants backend.Grants) backend.Grants {
	if len(e) == 0 {
		return grants
	}
	return boundGrants{grants, e}
}

// boundGrants are the grants of a login whose storage must be below one of the endpoints, also
// after a renewal.
type boundGrants struct {
	grants    backend.Grants
	endpoints endpoints
}

var _ backend.Grants = boundGrants{}

// Current implements [backend.Grants].
func (b boundGrants) Current(ctx context.Context) (backend.Grant, error) {
	grant, err := b.grants.Current(ctx)
	return b.check(grant, err)
}

// Renew implements [backend.Grants].
func (b boundGrants) Renew(ctx context.Context, refused backend.Grant) (backend.Grant, error) {
	grant, err := b.grants.Renew(ctx, refused)
	return b.check(grant, err)
}

func (b boundGrants) check(grant backend.Grant, err error) (backend.Grant, error) {
	if err != nil || b.endpoints.allow(grant.Endpoint) {
		return grant, err
	}
	return backend.Grant{}, &vfs.Error{
		Kind: vfs.ErrPermission, Text: "this login's storage is not served here",
		Err: fmt.Errorf("the login's storage %q is not below any of allowed_endpoints", grant.Endpoint),
	}
}
