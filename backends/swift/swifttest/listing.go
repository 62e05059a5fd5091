package swifttest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// selection parses the query of a listing.
func (s *Server) selection(r *request) (selection, error) {
	sel := selection{
		prefix:    r.query.Get("prefix"),
		delimiter: r.query.Get("delimiter"),
		marker:    r.query.Get("marker"),
		endMarker: r.query.Get("end_marker"),
		limit:     s.limits.ListingLimit,
		reverse:   isTrue(r.query.Get("reverse")),
	}
	for _, key := range []string{"prefix", "delimiter", "marker", "end_marker"} {
		if !validName(r.query.Get(key)) {
			return sel, refuseWith(http.StatusBadRequest, plainType, fmt.Sprintf("%q parameter not valid UTF-8", key))
		}
	}
	if n, err := strconv.ParseUint(r.query.Get("limit"), 10, 31); err == nil {
		if int(n) > sel.limit {
			return sel, refuseWith(http.StatusPreconditionFailed, htmlType, fmt.Sprintf("Maximum limit is %d", sel.limit))
		}
		sel.limit = int(n)
	}
	sel.limit = min(sel.limit, s.limits.PageLimit)
	return sel, nil
}

// isTrue reports whether Swift takes v for true.
func isTrue(v string) bool {
	switch strings.ToLower(v) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

// wantsJSON reports whether the client requests the listing in JSON.
func wantsJSON(r *request) (bool, error) {
	if r.query.Has("format") {
		switch strings.ToLower(r.query.Get("format")) {
		case "json":
			return true, nil
		case "xml":
			return false, notAcceptable()
		}
		return false, nil
	}
	accept := r.Header.Get("Accept")
	if accept == "" {
		return false, nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, err := mime.ParseMediaType(part)
		if err != nil || !strings.Contains(kind, "/") {
			return false, refuseWith(http.StatusBadRequest, htmlType, "Invalid Accept header")
		}
		switch kind {
		case "application/json":
			return true, nil
		case "text/plain", "text/*", "*/*":
			return false, nil
		}
	}
	return false, notAcceptable()
}

func notAcceptable() *failure { return refuse(http.StatusNotAcceptable) }

// listingEntry is an entry of a listing in JSON.
type listingEntry struct {
	Subdir string `json:"subdir,omitempty"`

	Name         string `json:"name,omitempty"`
	LastModified string `json:"last_modified,omitempty"`

	// Of an object.
	Hash        string `json:"hash,omitempty"`
	Bytes       *int64 `json:"bytes,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	SLOEtag     string `json:"slo_etag,omitempty"`
	SymlinkPath string `json:"symlink_path,omitempty"`
	// Of a static symlink.
	SymlinkEtag  string `json:"symlink_etag,omitempty"`
	SymlinkBytes *int64 `json:"symlink_bytes,omitempty"`

	// Of a version, or of an object that is one.
	VersionSymlink bool   `json:"version_symlink,omitempty"`
	VersionID      string `json:"version_id,omitempty"`
	IsLatest       *bool  `json:"is_latest,omitempty"`

	// Of a container, in addition to Bytes.
	Count *int64 `json:"count,omitempty"`
}

func (e listingEntry) text() string {
	if e.Subdir != "" {
		return e.Subdir
	}
	return e.Name
}

// writeListing answers with a listing.
func writeListing(w http.ResponseWriter, r *request, entries []listingEntry) error {
	asJSON, err := wantsJSON(r)
	if err != nil {
		return err
	}
	h := w.Header()
	if !r.query.Has("format") {
		h.Set("Vary", "Accept")
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	var body []byte
	switch {
	case r.Method == http.MethodHead:
		if asJSON {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
	case asJSON:
		h.Set("Content-Type", "application/json; charset=utf-8")
		if entries == nil {
			entries = []listingEntry{}
		}
		if body, err = json.Marshal(entries); err != nil {
			return err
		}
	default:
		for _, e := range entries {
			body = append(append(body, e.text()...), '\n')
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if len(body) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(body)
	return err
}
