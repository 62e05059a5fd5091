package swifttest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// view is an object as returned by GET and HEAD: of a large object, the content and not the
// manifest.
type view struct {
	object  *object
	etag    string // as in the header
	size    int64
	kind    string            // Content-Type
	header  map[string]string // further headers
	content content
	// single means that a request for several ranges returns the whole content.
	single bool
}

// content is the content of a view.
type content interface {
	// check fails if the first byte of the span cannot be read.
	check(sp span) error
	// copy writes a span. An error means that the content is incomplete.
	copy(w io.Writer, sp span) error
	close()
}

// stored is the content of a plain object.
type stored struct{ body body }

func (c stored) check(span) error { return nil }

func (c stored) copy(w io.Writer, sp span) error {
	n, err := io.Copy(w, io.NewSectionReader(c.body, sp.first, sp.n))
	if err == nil && n < sp.n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (c stored) close() { _ = c.body.Close() } // opened for reading only

// openObject returns an object and its stored bytes, which can be read even if the object is
// changed or removed meanwhile.
func (s *Server) openObject(account, containerName, name string) (*object, body, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.lookup(account, containerName, name)
	if !ok {
		return nil, nil, refuse(http.StatusNotFound)
	}
	b, err := s.store.open(o.Body)
	return o, b, err
}

// viewOf returns the view of an object for a visitor or, with raw, of its stored manifest. Close
// its content after use.
func (s *Server) viewOf(who visitor, containerName, name string, raw bool, depth int) (*view, error) {
	if err := s.mayRead(who, containerName, false); err != nil {
		return nil, err
	}
	o, b, err := s.openObject(who.account, containerName, name)
	if err != nil {
		return nil, err
	}
	v := &view{object: o, etag: o.ETag, size: o.Size, kind: o.Type, content: stored{b}}
	switch {
	case o.SLO != nil:
		v.header = map[string]string{"X-Static-Large-Object": "True"}
		if !raw {
			return s.viewOfSLO(who, v, depth)
		}
	case o.Meta["X-Object-Manifest"] != "" && !raw:
		return s.viewOfDLO(who, v)
	}
	return v, nil
}

// headers sets the headers of the object, which are the same in all answers.
func (v *view) headers(h http.Header) {
	setAll(h, v.object.Meta)
	setAll(h, v.header)
	h.Set("Content-Type", v.kind)
	h.Set("Etag", v.etag)
	h.Set("Last-Modified", v.object.Modified.lastModified())
	h.Set("X-Timestamp", v.object.Modified.String())
	h.Set("Accept-Ranges", "bytes")
}

func (s *Server) getObject(w http.ResponseWriter, r *request) error {
	raw := r.query.Get("multipart-manifest") == "get"
	v, err := s.followed(r, raw)
	if f, ok := errors.AsType[*failure](err); ok && f.status == http.StatusNotFound {
		if matches(r.Header.Get("If-Match"), "") {
			return refuse(http.StatusPreconditionFailed)
		}
		if s.hasVersions(r) && f.header.Get(versionHeader) == "" && r.query.Get("version-id") == "" {
			f.header.Set(versionHeader, nullVersion)
		}
	}
	if err != nil {
		return err
	}
	s.tellVersion(r, v)
	defer func() { v.content.close() }()
	if raw && v.object.SLO != nil && s.limits.Ceph && r.Method == http.MethodGet {
		return getCephManifest(w, v)
	}
	if raw && v.object.SLO != nil {
		if v, err = manifestView(v, r.query.Get("format") == "raw"); err != nil {
			return err
		}
	}
	v.headers(w.Header())
	status := condition(r.Header, v.etag, v.object.Modified)
	if s.refusesMatch(r, v) {
		status = http.StatusPreconditionFailed
	}
	if status != 0 {
		if status == http.StatusPreconditionFailed {
			w.Header().Set("Content-Type", htmlType)
		}
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
		return nil
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", strconv.FormatInt(v.size, 10))
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return v.deliver(w, parseRanges(r.Header.Get("Range")))
}

// deliver sends the body, or the requested ranges of it.
func (v *view) deliver(w http.ResponseWriter, ranges []byteRange) error {
	h := w.Header()
	if v.single && len(ranges) > 1 {
		ranges = nil
	}
	parts := spans(ranges, v.size)
	if len(ranges) > 0 && len(parts) == 0 {
		text := page(http.StatusRequestedRangeNotSatisfiable)
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", v.size))
		h.Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		_, err := io.WriteString(w, text)
		return err
	}
	whole := span{0, v.size}
	if len(parts) == 0 || v.size == 0 { // the last bytes of an empty body are empty
		parts = nil
	}
	first := whole
	if len(parts) > 0 {
		first = parts[0]
	}
	if err := v.content.check(first); err != nil {
		return refuse(http.StatusConflict)
	}
	switch len(parts) {
	case 0:
		h.Set("Content-Length", strconv.FormatInt(v.size, 10))
		w.WriteHeader(http.StatusOK)
		return v.content.copy(w, whole)
	case 1:
		h.Set("Content-Range", first.contentRange(v.size))
		h.Set("Content-Length", strconv.FormatInt(first.n, 10))
		w.WriteHeader(http.StatusPartialContent)
		return v.content.copy(w, first)
	}
	return v.deliverMany(w, parts)
}

// deliverMany sends several ranges as multipart/byteranges.
func (v *view) deliverMany(w http.ResponseWriter, parts []span) error {
	boundary := strings.ToLower(rand.Text())
	heads := make([]string, len(parts))
	end := "--" + boundary + "--"
	length := int64(len(end))
	for i, sp := range parts {
		heads[i] = "--" + boundary + "\r\nContent-Type: " + v.kind + "\r\nContent-Range: " + sp.contentRange(v.size) + "\r\n\r\n"
		length += int64(len(heads[i])) + sp.n + 2
	}
	w.Header().Set("Content-Type", "multipart/byteranges;boundary="+boundary)
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(http.StatusPartialContent)
	for i, sp := range parts {
		if _, err := io.WriteString(w, heads[i]); err != nil {
			return err
		}
		if err := v.content.copy(w, sp); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\r\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, end)
	return err
}
