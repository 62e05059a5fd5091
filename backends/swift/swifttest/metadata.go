package swifttest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxHeaderSize is the size limit of a header value, in bytes.
const maxHeaderSize = 8192

// kept are the headers, in addition to X-Object-Meta-*, that a PUT stores and a POST replaces.
var kept = [...]string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", "X-Delete-At", "X-Object-Manifest", "X-Robots-Tag",
}

// The prefixes of metadata headers.
const (
	objectMeta    = "X-Object-Meta-"
	containerMeta = "X-Container-Meta-"
	accountMeta   = "X-Account-Meta-"
)

const plainType = "text/plain"

// checkMeta returns an error if the metadata of a request is invalid; prefix is one of the above.
func (l Limits) checkMeta(h http.Header, prefix string) error {
	bad := func(format string, args ...any) error {
		return refuseWith(http.StatusBadRequest, plainType, fmt.Sprintf(format, args...))
	}
	count, size := 0, 0
	for _, key := range slices.Sorted(maps.Keys(h)) {
		value := h.Get(key)
		if len(value) > maxHeaderSize {
			return bad("Header value too long: %s", key[:min(len(key), l.MaxMetaName)])
		}
		name, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		count++
		size += len(name) + len(value)
		shown := strings.ToLower(prefix) + name
		switch {
		case name == "":
			return bad("Metadata name cannot be empty")
		case prefix != objectMeta && !utf8.ValidString(value):
			return bad("Metadata must be valid UTF-8")
		case len(name) > l.MaxMetaName:
			return bad("Metadata name too long: %s", shown)
		case len(value) > l.MaxMetaValue:
			return bad("Metadata value longer than %d: %s", l.MaxMetaValue, shown)
		case count > l.MaxMetaCount:
			return bad("Too many metadata items; max %d", l.MaxMetaCount)
		case size > l.MaxMetaOverall:
			return bad("Total metadata too large; max %d", l.MaxMetaOverall)
		}
	}
	return nil
}

// objectHeaders returns the headers of a request that are stored with an object.
func objectHeaders(h http.Header) map[string]string {
	meta := map[string]string{}
	for key, values := range h {
		if strings.HasPrefix(key, objectMeta) && values[0] != "" {
			meta[key] = values[0]
		}
	}
	for _, key := range kept {
		if v := h.Get(key); v != "" {
			meta[key] = v
		}
	}
	return meta
}

// settleDeleteAt checks the expiry time in the headers, and converts it to X-Delete-At.
func settleDeleteAt(h http.Header, now time.Time) error {
	bad := func(text string) error { return refuseWith(http.StatusBadRequest, plainType, text) }
	if v := h.Get("X-Delete-After"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return bad("Non-integer X-Delete-After")
		}
		if n <= 0 {
			return bad("X-Delete-After in past")
		}
		h.Del("X-Delete-After")
		h.Set("X-Delete-At", strconv.FormatInt(now.Unix()+n, 10))
	}
	if v := h.Get("X-Delete-At"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return bad("Non-integer X-Delete-At")
		}
		if n <= now.Unix() {
			return bad("X-Delete-At in past")
		}
	}
	return nil
}

// updateMeta returns the updated metadata of a container or account, as a new map. Headers of the
// request are set, or removed if they are empty.
func updateMeta(old map[string]string, h http.Header, prefix string, also ...string) map[string]string {
	meta := maps.Clone(old)
	if meta == nil {
		meta = map[string]string{}
	}
	remove := "X-Remove-" + strings.TrimPrefix(prefix, "X-")
	for key, values := range h {
		if name, ok := strings.CutPrefix(key, remove); ok {
			delete(meta, prefix+name)
		} else if strings.HasPrefix(key, prefix) || slices.Contains(also, key) {
			if values[0] == "" {
				delete(meta, key)
			} else if h.Get(remove+strings.TrimPrefix(key, prefix)) == "" {
				meta[key] = values[0]
			}
		}
	}
	return meta
}

// setAll sets the headers of an answer.
func setAll(h http.Header, meta map[string]string) {
	for key, value := range meta {
		h.Set(key, value)
	}
}
