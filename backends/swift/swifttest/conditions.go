package swifttest

import (
	"net/http"
	"strings"
	"time"
)

// unquote removes the quotes of an ETag.
func unquote(etag string) string {
	if len(etag) > 1 && strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`) {
		return etag[1 : len(etag)-1]
	}
	return etag
}

// matches reports whether a list of ETags, as in If-Match, contains the given one.
func matches(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = unquote(strings.TrimSpace(tag))
		if tag == "*" || (tag != "" && tag == unquote(etag)) {
			return true
		}
	}
	return false
}

// condition returns the status that the conditions of a request lead to: 304, 412, or 0 for none.
func condition(h http.Header, etag string, modified timestamp) int {
	since := func(key string) (time.Time, bool) {
		t, err := http.ParseTime(h.Get(key))
		return t, err == nil
	}
	if v := h.Get("If-None-Match"); v != "" && matches(v, etag) {
		return http.StatusNotModified
	}
	if v := h.Get("If-Match"); v != "" && !matches(v, etag) {
		return http.StatusPreconditionFailed
	}
	if t, ok := since("If-Modified-Since"); ok && !modified.ceil().After(t) {
		return http.StatusNotModified
	}
	if t, ok := since("If-Unmodified-Since"); ok && modified.ceil().After(t) {
		return http.StatusPreconditionFailed
	}
	return 0
}
