package swifttest

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
)

// serveObject handles requests to an object.
func (s *Server) serveObject(w http.ResponseWriter, r *request) error {
	manifest := r.query.Get("multipart-manifest")
	if r.query.Get("version-id") != "" && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != methodCopy {
		return s.serveVersion(w, r)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.getObject(w, r)
	case http.MethodPut:
		if r.Header.Get("X-Copy-From") != "" {
			return s.putCopy(w, r)
		}
		if err := s.checkQuota(r, max(r.ContentLength, 0)); err != nil {
			return err
		}
		if manifest == "put" && !s.limits.NoSLO {
			return s.putSLO(w, r)
		}
		return s.putObject(w, r)
	case http.MethodPost:
		return s.postObject(w, r)
	case methodCopy:
		return s.copyObject(w, r)
	case http.MethodDelete:
		if manifest == "delete" && !s.limits.NoSLO {
			return s.deleteSLO(w, r)
		}
		marker, err := s.remove(r.account, r.container, r.object)
		if err != nil {
			return err
		}
		if marker != 0 {
			w.Header().Set(versionHeader, marker.String())
		}
		return done(w, http.StatusNoContent)
	case http.MethodOptions:
		return options(w)
	}
	return notAllowed()
}

// lookup returns an object unless it has expired. The caller must hold mu.
func (s *Server) lookup(account, containerName, name string) (*object, bool) {
	c, ok := s.container(account, containerName)
	if !ok {
		return nil, false
	}
	o, ok := c.objects.get(name)
	return o, ok && !o.expired(s.clock.wall())
}

// checkPut makes all checks of an upload that do not need its body.
func (s *Server) checkPut(r *request, h http.Header) error {
	if v := h.Get("If-None-Match"); v != "" && !matches(v, "*") {
		return refuseWith(http.StatusBadRequest, plainType, "If-None-Match only supports *")
	}
	if v := h.Get("X-Object-Manifest"); v != "" {
		if err := checkDLO(v); err != nil {
			return err
		}
	}
	if !s.hasContainer(r) {
		return refuse(http.StatusNotFound)
	}
	if r.ContentLength > s.limits.MaxFileSize {
		return tooLarge()
	}
	if r.Method == http.MethodPut && r.ContentLength == 0 && r.Header.Get("Content-Length") == "" && h.Get("X-Copy-From") == "" {
		return refuseWith(http.StatusLengthRequired, plainType, "Missing Content-Length header.")
	}
	if err := s.checkObjectName(r.object); err != nil {
		return err
	}
	if err := settleDeleteAt(h, s.clock.wall()); err != nil {
		return err
	}
	if err := s.limits.checkMeta(h, objectMeta); err != nil {
		return err
	}
	if h.Get("If-None-Match") != "" && !s.limits.Ceph && s.exists(r) {
		return refuse(http.StatusPreconditionFailed)
	}
	if s.isOvertaken(r) {
		return refuse(http.StatusAccepted)
	}
	return nil
}

// isOvertaken reports whether a later request has already changed the name.
func (s *Server) isOvertaken(r *request) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.container(r.account, r.container)
	return ok && c.changed(r.object) >= r.stamp
}

func (s *Server) checkObjectName(name string) error {
	if len(name) > s.limits.MaxObjectName {
		return refuseWith(http.StatusBadRequest, plainType,
			fmt.Sprintf("Object name length of %d longer than %d", len(name), s.limits.MaxObjectName))
	}
	return nil
}

func tooLarge() *failure {
	return refuseWith(http.StatusRequestEntityTooLarge, plainType, "Your request is too large.")
}

func (s *Server) hasContainer(r *request) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.container(r.account, r.container)
	return ok
}

func (s *Server) exists(r *request) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.lookup(r.account, r.container, r.object)
	return ok
}

func (s *Server) putObject(w http.ResponseWriter, r *request) error {
	if err := s.checkPut(r, r.Header); err != nil {
		return err
	}
	link, err := s.symlinkOf(r, r.Header)
	if err != nil {
		return err
	}
	o := &object{Name: r.object, Type: contentType(r.Header, r.object), Meta: objectHeaders(r.Header), Symlink: link}
	if err := s.receive(r, o, r.Body, r.ContentLength, r.Header.Get("Etag")); err != nil {
		return err
	}
	return created(w, o, o.ETag)
}

// created answers a PUT that has stored o.
func created(w http.ResponseWriter, o *object, etag string) error {
	w.Header().Set("Etag", etag)
	w.Header().Set("Last-Modified", o.Modified.lastModified())
	if o.Version != 0 {
		w.Header().Set(versionHeader, o.Version.String())
	}
	return done(w, http.StatusCreated)
}

// contentType returns the type in the headers, or a guess from the name.
func contentType(h http.Header, name string) string {
	if t := h.Get("Content-Type"); t != "" {
		return t
	}
	guess, _, _ := strings.Cut(mime.TypeByExtension(path.Ext(name)), ";")
	if guess == "" {
		guess = "application/octet-stream"
	}
	return guess
}

// receive stores a body of the given length, or of an unknown one if length is negative, as the
// object o. It stores nothing if the body is incomplete or does not match etag; an empty etag is
// not checked.
func (s *Server) receive(r *request, o *object, from io.Reader, length int64, etag string) error {
	bw, err := s.store.create(length)
	if err != nil {
		return err
	}
	defer bw.abort()
	sum := md5.New()
	n, err := io.Copy(io.MultiWriter(bw, sum), io.LimitReader(from, s.limits.MaxFileSize+1))
	switch {
	case errors.Is(err, errSegment):
		return refuse(http.StatusServiceUnavailable) // the source of a copy is incomplete
	case n > s.limits.MaxFileSize:
		return refuse(http.StatusRequestEntityTooLarge)
	case err != nil || (length >= 0 && n != length):
		return refuse(statusClientGone)
	}
	o.Size, o.ETag = n, hex.EncodeToString(sum.Sum(nil))
	if etag = unquote(etag); etag != "" && !strings.EqualFold(etag, o.ETag) {
		f := refuse(http.StatusUnprocessableEntity)
		f.header.Set("Last-Modified", s.clock.now().lastModified())
		return f
	}
	if o.Body, err = bw.finish(); err != nil {
		return err
	}
	return s.publish(r, o)
}

// publish makes an object visible and replaces an older one. If a later request has changed the
// name meanwhile, the object is discarded.
func (s *Server) publish(r *request, o *object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.Created = r.stamp
	o.Modified = o.Created
	if c, ok := s.container(r.account, r.container); ok && c.changed(r.object) >= r.stamp {
		s.store.discard(o.Body)
		return nil
	}
	kept, err := s.replace(r.account, r.container, o)
	if err != nil {
		s.store.discard(o.Body)
		return err
	}
	if kept != nil {
		s.store.discard(kept.Body)
	}
	return nil
}

// replace stores an object in a container, and as a version if versions are kept. It returns a
// replaced object whose body is not needed any more. The caller must hold mu.
func (s *Server) replace(account, containerName string, o *object) (gone *object, err error) {
	c, ok := s.container(account, containerName)
	if !ok {
		return nil, refuse(http.StatusNotFound)
	}
	kept, err := s.retain(account, c, o.Name)
	if err != nil {
		return nil, err
	}
	if c.Versions == versionsKept {
		o.Version = o.Created
		if err := s.putVersion(account, c, *o); err != nil {
			return nil, err
		}
	}
	if err := s.store.putObject(account, containerName, o); err != nil {
		return nil, err
	}
	if old := c.put(o); !kept {
		return old, nil
	}
	return nil, nil
}

func (s *Server) postObject(w http.ResponseWriter, r *request) error {
	if r.Header.Get(symlinkHeader) != "" && !s.limits.NoSymlinks {
		return refuseWith(http.StatusBadRequest, plainType, "A PUT request is required to set a symlink target")
	}
	if err := s.checkObjectName(r.object); err != nil {
		return err
	}
	if err := settleDeleteAt(r.Header, s.clock.wall()); err != nil {
		return err
	}
	if err := s.limits.checkMeta(r.Header, objectMeta); err != nil {
		return err
	}
	if err := s.changeObject(r); err != nil {
		return err
	}
	return done(w, http.StatusAccepted)
}

// changeObject replaces all metadata of an object, and its type if the request has one.
func (s *Server) changeObject(r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.lookup(r.account, r.container, r.object)
	if !ok {
		return refuse(http.StatusNotFound)
	}
	o := *old
	o.Meta = objectHeaders(r.Header)
	s.keepDeleteAt(r.Header, &o, old)
	if o.Version != 0 {
		o.Linked = s.clock.now()
	}
	o.Modified = s.clock.now()
	if t := r.Header.Get("Content-Type"); t != "" {
		o.Type = t
	}
	if err := s.store.putObject(r.account, r.container, &o); err != nil {
		return err
	}
	c, _ := s.container(r.account, r.container) // exists, because its object exists
	c.put(&o)
	if o.Version != 0 {
		return s.putVersion(r.account, c, o)
	}
	if o.Symlink != nil {
		return redirected(r.account, o.Symlink)
	}
	return nil
}

// removeObject deletes an object; of a large object, the manifest.
func (s *Server) removeObject(account, containerName, name string) error {
	_, err := s.remove(account, containerName, name)
	return err
}

// remove is removeObject. If versions are kept, it returns the version that marks the deletion.
func (s *Server) remove(account, containerName, name string) (marker timestamp, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(account, containerName)
	if !ok {
		return 0, refuse(http.StatusNotFound)
	}
	o, ok := c.objects.get(name)
	c.bury(name, s.clock.now())
	missing := !ok || o.expired(s.clock.wall())
	if c.Archive != "" && !c.History {
		if popped, err := s.pop(account, c, name); popped || err != nil {
			return 0, err
		}
	}
	kept := false
	if !missing && (c.Archive == "" || c.History) {
		if kept, err = s.retain(account, c, name); err != nil {
			return 0, err
		}
	}
	if marker, err = s.markDeleted(account, c, name); err != nil {
		return 0, err
	}
	if ok {
		if err := s.take(account, c, o, kept); err != nil {
			return 0, err
		}
	}
	if missing {
		f := refuse(http.StatusNotFound)
		if marker != 0 {
			f.header.Set(versionHeader, marker.String())
		}
		return 0, f
	}
	return marker, nil
}

// take removes an object from a container, and its body from the store unless kept is set. The
// caller must hold mu.
func (s *Server) take(account string, c *container, o *object, kept bool) error {
	if err := s.store.removeObject(account, c.Name, o.Name); err != nil {
		return err
	}
	c.remove(o.Name)
	if !kept {
		s.store.discard(o.Body)
	}
	return nil
}
