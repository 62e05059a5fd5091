package swifttest

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// copyObject handles COPY.
func (s *Server) copyObject(w http.ResponseWriter, r *request) error {
	value := r.Header.Get("Destination")
	if value == "" {
		return refuseWith(http.StatusPreconditionFailed, htmlType, "Destination header required")
	}
	to := *r
	var err error
	if to.container, to.object, err = pathHeader("Destination", value); err != nil {
		return err
	}
	if to.account, err = accountHeader(r, "Destination-Account"); err != nil {
		return err
	}
	if err := s.mayWrite(to.visitor(), to.container); err != nil {
		return err
	}
	return s.copyTo(w, &to, r)
}

// putCopy handles PUT with X-Copy-From.
func (s *Server) putCopy(w http.ResponseWriter, r *request) error {
	if r.ContentLength > 0 {
		return refuseWith(http.StatusBadRequest, plainType, "Copy requests require a zero byte body")
	}
	from := *r
	var err error
	if from.container, from.object, err = pathHeader("X-Copy-From", r.Header.Get("X-Copy-From")); err != nil {
		return err
	}
	if from.account, err = accountHeader(r, "X-Copy-From-Account"); err != nil {
		return err
	}
	return s.copyTo(w, r, &from)
}

// accountHeader returns the account in a header or, without the header, the account of the request.
func accountHeader(r *request, key string) (string, error) {
	value := r.Header.Get(key)
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain
	}
	if strings.Contains(value, "/") {
		return "", refuseWith(http.StatusPreconditionFailed, htmlType, "Account name cannot contain slashes")
	}
	return cmp.Or(value, r.account), nil
}

// pathHeader parses a header with the path of an object.
func pathHeader(key, value string) (containerName, name string, err error) {
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain
	}
	containerName, name, _ = strings.Cut(strings.TrimPrefix(value, "/"), "/")
	if containerName == "" || name == "" {
		return "", "", refuseWith(http.StatusPreconditionFailed, htmlType, key+" header must be of the form <container name>/<object name>")
	}
	return containerName, name, nil
}

// copyTo copies an object to the destination of r. Of a large object it copies the content, or the
// manifest if that is requested.
func (s *Server) copyTo(w http.ResponseWriter, r, from *request) error {
	raw := r.query.Get("multipart-manifest") == "get" || s.limits.Ceph
	v, err := s.followed(from, raw)
	if err != nil {
		return err
	}
	defer func() { v.content.close() }()
	if v.object.Version != 0 && from.query.Get("version-id") == "" && from.query.Get("symlink") == "get" {
		// That of the link to the version, with its query.
		return refuseWith(http.StatusConflict, plainType, "X-Symlink-Target does not exist")
	}
	if status := condition(r.Header, v.etag, v.object.Modified); status != 0 && r.Header.Get("If-None-Match") == "" && !s.limits.Ceph {
		return &failure{status: status, header: http.Header{"Content-Type": {htmlType}}}
	}
	part := span{0, v.size}
	if ranges := parseRanges(r.Header.Get("Range")); len(ranges) == 1 {
		parts := spans(ranges, v.size)
		if len(parts) == 0 {
			return refuse(http.StatusRequestedRangeNotSatisfiable)
		}
		part = parts[0]
	}
	if v.size > s.limits.MaxFileSize {
		return refuse(http.StatusRequestEntityTooLarge)
	}
	if err := v.content.check(part); err != nil {
		return refuse(http.StatusConflict)
	}
	if err := s.checkQuota(r, part.n); err != nil {
		return err
	}
	sink := copyHeaders(r.Header, v, raw)
	if l := v.object.Symlink; l != nil { // with ?symlink=get; otherwise it would have been followed
		setAll(sink, l.headers())
	}
	if s.limits.Ceph && v.object.SLO != nil {
		return s.copyCephManifest(w, r, from, v, sink)
	}
	if raw && v.object.SLO != nil {
		if v, err = manifestView(v, true); err != nil {
			return err
		}
		return s.copyManifest(w, r, from, sink, v)
	}
	// The copied content becomes a manifest.
	if r.query.Get("multipart-manifest") == "put" && !s.limits.NoSLO {
		return s.copyManifest(w, r, from, sink, v)
	}
	if err := s.checkPut(r, sink); err != nil {
		return err
	}
	link, err := s.symlinkOf(r, sink)
	if err != nil {
		return err
	}
	o := &object{Name: r.object, Type: sink.Get("Content-Type"), Meta: objectHeaders(sink), Symlink: link}
	pr := &pull{content: v.content, part: part}
	defer pr.close()
	if err := s.receive(r, o, pr.start(), part.n, ""); err != nil {
		return err
	}
	tellCopy(w.Header(), from, v.object, sink)
	return created(w, o, o.ETag)
}

// copyHeaders returns the headers of the copy: those of the source, replaced by those of the
// request. With X-Fresh-Metadata it leaves out those of the source.
func copyHeaders(h http.Header, v *view, raw bool) http.Header {
	sink := http.Header{}
	if !isTrue(h.Get("X-Fresh-Metadata")) {
		setAll(sink, v.object.Meta)
		sink.Del("X-Object-Manifest")
	}
	maps.Copy(sink, h)
	if sink.Get("Content-Type") == "" {
		sink.Set("Content-Type", v.object.Type)
	}
	if m := v.object.Meta["X-Object-Manifest"]; m != "" && raw {
		sink.Set("X-Object-Manifest", m)
	}
	return sink
}

// copyManifest creates a static large object from a stored manifest, with the same checks as for a
// PUT.
func (s *Server) copyManifest(w http.ResponseWriter, r, from *request, sink http.Header, v *view) error {
	if v.size > s.limits.MaxManifestSize {
		return refuse(http.StatusRequestEntityTooLarge)
	}
	var text bytes.Buffer
	if err := v.content.copy(&text, span{0, v.size}); err != nil {
		return err
	}
	again := *r
	again.Request = r.Clone(r.Context())
	again.Request.Header = sink
	sink.Del("Etag")
	o, err := s.storeSLO(&again, text.Bytes())
	if err != nil {
		return err
	}
	tellCopy(w.Header(), from, v.object, sink)
	return created(w, o, strconv.Quote(o.SLO.ETag))
}

// tellCopy sets the headers of the answer to a copy.
func tellCopy(h http.Header, from *request, source *object, sink http.Header) {
	h.Set("X-Copied-From-Account", from.account)
	h.Set("X-Copied-From", (&url.URL{Path: from.container + "/" + from.object}).EscapedPath())
	h.Set("X-Copied-From-Last-Modified", source.Modified.lastModified())
	for key := range sink {
		if strings.HasPrefix(key, objectMeta) || key == "X-Delete-At" {
			h.Set(key, sink.Get(key))
		}
	}
}

// pull reads content through a pipe, because content can only write.
type pull struct {
	content content
	part    span
	reader  *io.PipeReader
	done    chan struct{}
}

func (p *pull) start() io.Reader {
	r, w := io.Pipe()
	p.reader, p.done = r, make(chan struct{})
	go func() {
		defer close(p.done)
		w.CloseWithError(p.content.copy(w, p.part))
	}()
	return r
}

func (p *pull) close() {
	if p.reader != nil {
		_ = p.reader.Close() // never fails for a pipe
		<-p.done
	}
}
