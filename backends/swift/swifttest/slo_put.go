package swifttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// manifestEntry is a segment in a manifest from a client.
type manifestEntry struct {
	ETag  *string     `json:"etag,omitempty"`
	Path  string      `json:"path"`
	Range string      `json:"range,omitempty"`
	Size  json.Number `json:"size_bytes,omitempty"`
}

// putSLO creates a static large object from the manifest in the request body.
func (s *Server) putSLO(w http.ResponseWriter, r *request) error {
	if r.ContentLength > s.limits.MaxManifestSize {
		return refuseWith(http.StatusRequestEntityTooLarge, htmlType, fmt.Sprintf("Manifest File > %d bytes", s.limits.MaxManifestSize))
	}
	if r.ContentLength == 0 && r.Header.Get("Content-Length") == "" {
		return refuse(http.StatusLengthRequired)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, s.limits.MaxManifestSize))
	if err != nil || (r.ContentLength >= 0 && int64(len(text)) != r.ContentLength) {
		return refuse(statusClientGone)
	}
	// Swift's middleware forwards the manifest only now.
	r.stamp = s.clock.now()
	if isTrue(r.query.Get("heartbeat")) {
		return s.putSLOAlive(w, r, text)
	}
	o, err := s.storeSLO(r, text)
	if err != nil {
		return err
	}
	return created(w, o, strconv.Quote(o.SLO.ETag))
}

// putSLOAlive is putSLO with a heartbeat: it answers 202 before it checks the segments, and sends
// the result in the body.
func (s *Server) putSLOAlive(w http.ResponseWriter, r *request, text []byte) error {
	if _, err := s.parseManifest(r, text); err != nil {
		return err
	}
	kind := plainType
	if acceptsJSON(r) {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusAccepted)
	if _, err := io.WriteString(w, " "); err != nil {
		return err
	}
	again := *r
	again.Request = r.Clone(r.Context())
	// For the errors of segments.
	again.Request.Header.Set("Accept", "application/json")
	o, err := s.storeSLO(&again, text)
	told := struct {
		Status   string     `json:"Response Status"`
		ETag     string     `json:"Etag,omitempty"`
		Modified string     `json:"Last Modified,omitempty"`
		Body     string     `json:"Response Body"`
		Errors   [][]string `json:"Errors"`
	}{Status: "201 Created", Errors: [][]string{}}
	f, refused := errors.AsType[*failure](err)
	switch {
	case refused:
		told.Status, told.Body = f.Error(), f.body
		// Only the refusal of segments is JSON.
		_ = json.Unmarshal([]byte(f.body), &told)
	case err != nil:
		return err
	default:
		told.ETag, told.Modified = strconv.Quote(o.SLO.ETag), o.Modified.lastModified()
	}
	var out []byte
	if kind == plainType {
		if told.ETag != "" {
			out = fmt.Appendf(out, "Etag: %s\nLast Modified: %s\n", told.ETag, told.Modified)
		}
		out = fmt.Appendf(out, "Response Body: %s\nResponse Status: %s\nErrors:\n", told.Body, told.Status)
		for _, e := range told.Errors {
			out = fmt.Appendf(out, "%s\n", strings.Join(e, ", "))
		}
	} else if out, err = json.Marshal(told); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\r\n\r\n%s", out)
	return err
}

// storeSLO checks a manifest and stores it.
func (s *Server) storeSLO(r *request, text []byte) (*object, error) {
	entries, err := s.parseManifest(r, text)
	if err != nil {
		return nil, err
	}
	var segments []segment
	var whole string
	if s.limits.Ceph {
		segments, whole, err = s.resolveCeph(r, entries)
	} else if segments, err = s.resolve(r, entries); err == nil {
		whole = sloETag(segments)
	}
	if err != nil {
		return nil, err
	}
	o := &object{
		Name: r.object,
		Type: contentType(r.Header, r.object),
		SLO:  &sloSummary{ETag: whole, Size: sloSize(segments)},
	}
	if s.limits.Ceph {
		r.Header.Del("Etag")
	}
	if etag := unquote(r.Header.Get("Etag")); etag != "" && etag != o.SLO.ETag {
		return nil, refuse(http.StatusUnprocessableEntity)
	}
	if err := s.checkPut(r, r.Header); err != nil {
		return nil, err
	}
	o.Meta = objectHeaders(r.Header)
	stored, err := json.Marshal(segments)
	if err != nil {
		return nil, err
	}
	return o, s.receive(r, o, bytes.NewReader(stored), int64(len(stored)), "")
}

// parseManifest parses the manifest of a request. Its error has the mistakes of all entries that
// can be found without the segments.
func (s *Server) parseManifest(r *request, text []byte) ([]manifestEntry, error) {
	bad := func(text string) error { return refuseWith(http.StatusBadRequest, htmlType, text) }
	if !json.Valid(text) {
		return nil, bad("Manifest must be valid JSON.\n")
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		return nil, bad("Manifest must be a list.\n")
	}
	entries := make([]manifestEntry, len(list))
	var problems strings.Builder
	for i, raw := range list {
		if problem := entries[i].parse(raw, i == len(list)-1); problem != "" {
			fmt.Fprintf(&problems, "Index %d: %s\n", i, problem)
		} else if c, o := place(entries[i].Path); c == r.container && o == r.object {
			fmt.Fprintf(&problems, "Index %d: manifest must not include itself as a segment\n", i)
		}
	}
	if problems.Len() > 0 {
		return nil, refuseWith(http.StatusBadRequest, plainType, problems.String())
	}
	switch {
	case len(list) <= s.limits.MaxManifestSegments:
		return entries, nil
	case s.limits.Ceph:
		return nil, refuseWith(http.StatusBadRequest, plainType, "InvalidArgument")
	}
	return nil, refuseWith(http.StatusRequestEntityTooLarge, htmlType,
		fmt.Sprintf("Number of object-backed segments must be <= %d", s.limits.MaxManifestSegments))
}

// parse parses one entry, and returns the mistake in it, if any.
func (e *manifestEntry) parse(raw json.RawMessage, last bool) (problem string) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || keys == nil {
		return "not a JSON object"
	}
	if _, ok := keys["path"]; !ok {
		return "expected keys to include one of 'data' or 'path'"
	}
	var extra []string
	for key := range keys {
		if !slices.Contains([]string{"path", "etag", "size_bytes", "range"}, key) {
			extra = append(extra, strconv.Quote(key))
		}
	}
	if slices.Sort(extra); len(extra) > 0 {
		return "extraneous keys " + strings.Join(extra, ", ")
	}
	var size any
	switch {
	case json.Unmarshal(keys["path"], &e.Path) != nil:
		return `"path" must be a string`
	case keys["etag"] != nil && json.Unmarshal(keys["etag"], &e.ETag) != nil:
		return `"etag" must be a string or null (if provided)`
	case !strings.Contains(strings.Trim(e.Path, "/"), "/"):
		return "path does not refer to an object. Path must be of the form /container/object."
	case keys["size_bytes"] != nil && json.Unmarshal(keys["size_bytes"], &size) == nil && size != nil:
		e.Size = json.Number(strings.Trim(string(keys["size_bytes"]), `"`))
		n, err := e.Size.Int64()
		if err != nil {
			return "invalid size_bytes"
		}
		if n < 1 && !last {
			return "too small; each segment must be at least 1 byte."
		}
	}
	return e.parseRange(keys["range"])
}

func (e *manifestEntry) parseRange(raw json.RawMessage) (problem string) {
	if raw == nil || json.Unmarshal(raw, &e.Range) != nil || e.Range == "" {
		return ""
	}
	ranges := parseRanges("bytes=" + e.Range)
	switch n, err := e.Size.Int64(); {
	case len(ranges) == 0:
		return "invalid range"
	case len(ranges) > 1:
		return "multiple ranges (only one allowed)"
	case err == nil && len(spans(ranges, n)) != 1:
		return "unsatisfiable range"
	}
	return ""
}

// resolve looks up the segments of a manifest. Its error has the mistakes of all of them.
func (s *Server) resolve(r *request, entries []manifestEntry) ([]segment, error) {
	segments := make([]segment, len(entries))
	var problems [][2]string
	for i, e := range entries {
		var found []string
		segments[i], found = s.resolveOne(r.visitor(), e, i == len(entries)-1)
		for _, problem := range found {
			problems = append(problems, [2]string{(&url.URL{Path: e.Path}).EscapedPath(), problem})
		}
	}
	if len(problems) == 0 {
		return segments, nil
	}
	return nil, sloProblems(r, problems)
}

func (s *Server) resolveOne(who visitor, e manifestEntry, last bool) (g segment, problems []string) {
	containerName, name := place(e.Path)
	v, err := s.viewOf(who, containerName, name, false, 0)
	if err != nil {
		status := http.StatusInternalServerError
		if f, ok := errors.AsType[*failure](err); ok {
			status = f.status
		}
		return g, []string{fmt.Sprintf("%d %s", status, http.StatusText(status))}
	}
	defer v.content.close()
	g = segment{
		Name:         "/" + strings.TrimLeft(e.Path, "/"),
		Bytes:        v.size,
		Hash:         unquote(v.etag),
		ContentType:  v.kind,
		LastModified: v.object.Modified.ceil().Format("2006-01-02T15:04:05.000000"),
		SubSLO:       v.object.SLO != nil,
	}
	length := v.size
	if e.Range != "" {
		parts := spans(parseRanges("bytes="+e.Range), v.size)
		switch {
		case len(parts) == 0:
			problems = append(problems, "Unsatisfiable Range")
		case parts[0] != span{0, v.size}:
			length = parts[0].n
			g.Range = fmt.Sprintf("%d-%d", parts[0].first, parts[0].first+parts[0].n-1)
		}
	}
	if length < 1 && !last {
		problems = append(problems, "Too small; each segment must be at least 1 byte.")
	}
	if n, err := e.Size.Int64(); err == nil && n != v.size {
		problems = append(problems, "Size Mismatch")
	}
	if e.ETag != nil && *e.ETag != g.Hash {
		problems = append(problems, "Etag Mismatch")
	}
	return g, problems
}

// sloProblems returns the answer with the mistakes of the segments, in the form that the client
// accepts.
func sloProblems(r *request, problems [][2]string) error {
	if acceptsJSON(r) {
		text, err := json.Marshal(map[string]any{"Errors": problems})
		if err != nil {
			return err
		}
		return refuseWith(http.StatusBadRequest, "application/json", string(text))
	}
	text := "Errors:\n"
	for _, p := range problems {
		text += p[0] + ", " + p[1] + "\n"
	}
	return refuseWith(http.StatusBadRequest, plainType, text)
}
