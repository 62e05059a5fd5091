package api

import (
	"net/url"
	"strings"
)

// Quote returns a name percent-encoded except for "/", as in headers and in bodies of bulk
// deletions.
func Quote(s string) string { return strings.ReplaceAll(url.PathEscape(s), "%2F", "/") }

// unquote reverses Quote. It returns an invalid name unchanged.
func unquote(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
