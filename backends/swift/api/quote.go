package api

import (
	"net/url"
	"strings"
)

// Quote is a name as Swift wants it in headers and bulk-delete bodies: percent-encoded but for "/".
func Quote(s string) string { return strings.ReplaceAll(url.PathEscape(s), "%2F", "/") }

// unquote is the reverse; a name that is not quoted rightly is taken as it is.
func unquote(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
