package swifttest

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A container with versions (X-Versions-Enabled) has a hidden second container, with all versions
// of its objects, including the current ones. An object of the container is then only a link to its
// version, and shares the body with it. Objects from before versions were enabled, or after they
// were disabled, have no version: their id is "null".
const (
	versionHeader = "X-Object-Version-Id"
	nullVersion   = "null"
	versionsKept  = "True"
	// deletedType is the type of the version that marks a deletion.
	deletedType = "application/x-deleted;swift_versions_deleted=1"
	// reserved begins hidden names, and separates their parts.
	reserved = "\x00"
)

func (c *container) hidden() bool { return strings.HasPrefix(c.Name, reserved) }

func versionsOf(container string) string { return reserved + "versions" + reserved + container }

// lastTimestamp is the largest time in Swift. The name of a version contains the time left until
// then, so that the latest version is listed first.
const lastTimestamp timestamp = 9_999_999_999_99999

func versionName(object string, version timestamp) string {
	return reserved + object + reserved + (lastTimestamp - version).String()
}

// parseVersion parses the id of a version.
func parseVersion(id string) (timestamp, bool) {
	whole, part, _ := strings.Cut(id, ".")
	sec, err1 := strconv.ParseInt(whole, 10, 64)
	tick, err2 := strconv.ParseInt((part + "00000")[:5], 10, 64)
	return timestamp(sec*ticksPerSecond + tick), err1 == nil && err2 == nil
}

// versionPath returns the path of a version, as in listings and headers.
func versionPath(account, container, object string, version timestamp) string {
	return (&url.URL{Path: "/v1/" + account + "/" + container + "/" + object}).EscapedPath() + "?version-id=" + version.String()
}

// tellVersions sets the headers of a container about versions.
func (c *container) tellVersions(h http.Header) {
	if c.Versions != "" {
		h.Set("X-Versions-Enabled", c.Versions)
	}
	switch {
	case c.Archive != "" && c.History:
		h.Set("X-History-Location", c.Archive)
	case c.Archive != "":
		h.Set("X-Versions-Location", c.Archive)
	}
}

// updateVersions applies the headers about versions of a request to a container. The caller must
// hold mu.
func (s *Server) updateVersions(r *request, c *container) error {
	if enabled := r.Header.Get("X-Versions-Enabled"); enabled != "" {
		if c.Archive != "" {
			return refuseWith(http.StatusBadRequest, htmlType,
				"Cannot enable object versioning on a container that is already using the legacy versioned writes feature.")
		}
		c.Versions = "False"
		if isTrue(enabled) {
			c.Versions = versionsKept
			if err := s.makeVersions(r.account, c); err != nil {
				return err
			}
		}
	}
	c.updateArchive(r.Header)
	return nil
}

// makeVersions creates the container for the versions of c. The caller must hold mu.
func (s *Server) makeVersions(account string, c *container) error {
	a := s.accounts[account]
	if _, ok := a.containers.get(versionsOf(c.Name)); ok {
		return nil
	}
	now := s.clock.now()
	v := &container{Name: versionsOf(c.Name), Created: now, Modified: now, Policy: c.Policy}
	if err := s.store.putContainer(account, v); err != nil {
		return err
	}
	a.put(v)
	s.lagBehind(v)
	return nil
}

// removeVersions removes the container of versions if it is empty. The caller must hold mu.
func (s *Server) removeVersions(account string, c *container) error {
	v, ok := s.container(account, versionsOf(c.Name))
	if !ok {
		return nil
	}
	if items, _ := v.listed(); len(items.items) > 0 {
		return refuseWith(http.StatusConflict, htmlType, "Delete all versions before deleting container.")
	}
	if err := s.store.removeContainer(account, v.Name); err != nil {
		return err
	}
	s.accounts[account].remove(v.Name)
	return nil
}

// retain keeps an object that is about to be replaced or deleted, if versions are kept. It reports
// whether the body is still needed. The caller must hold mu.
func (s *Server) retain(account string, c *container, name string) (kept bool, err error) {
	old, ok := c.objects.get(name)
	switch {
	case !ok || old.expired(s.clock.wall()):
		return false, nil
	case old.Version != 0:
		return true, nil
	case c.Archive != "":
		return true, s.archive(account, c, old)
	case c.Versions == versionsKept:
		v := *old
		v.Version = old.Modified
		v.Created = s.clock.now()
		v.Modified = v.Created
		return true, s.putVersion(account, c, v)
	}
	return false, nil
}

// putVersion stores an object of c as the version in its field Version. The caller must hold mu.
func (s *Server) putVersion(account string, c *container, o object) error {
	versions, ok := s.container(account, versionsOf(c.Name))
	if !ok {
		return refuse(http.StatusInternalServerError)
	}
	o.Name, o.Linked = versionName(o.Name, o.Version), 0
	if err := s.store.putObject(account, versions.Name, &o); err != nil {
		return err
	}
	versions.put(&o)
	return nil
}

// markDeleted stores the version that marks a deletion. The caller must hold mu.
func (s *Server) markDeleted(account string, c *container, name string) (timestamp, error) {
	if c.Versions != versionsKept && !c.History {
		return 0, nil
	}
	bw, err := s.store.create(0)
	if err != nil {
		return 0, err
	}
	defer bw.abort()
	body, err := bw.finish()
	if err != nil {
		return 0, err
	}
	now := s.clock.now()
	o := object{Name: name, ETag: emptyMD5, Type: deletedType, Created: now, Modified: now, Version: now, Body: body}
	if c.History {
		o.Version = 0
		return 0, s.putArchived(account, c, o, now)
	}
	return now, s.putVersion(account, c, o)
}

const emptyMD5 = "d41d8cd98f00b204e9800998ecf8427e"

func (s *Server) hasVersions(r *request) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.container(r.account, r.container)
	return ok && c.Versions != ""
}

// named returns the view of the object, or of the version, in a request.
func (s *Server) named(r *request, raw bool) (*view, error) {
	id := r.query.Get("version-id")
	if id == "" {
		return s.viewOf(r.visitor(), r.container, r.object, raw, 0)
	}
	version, err := s.versionOf(r, id)
	switch {
	case err != nil:
		return nil, err
	case id == nullVersion:
		v, err := s.viewOf(r.visitor(), r.container, r.object, raw, 0)
		if err == nil && v.object.Version != 0 {
			v.content.close()
			err = refuse(http.StatusNotFound)
		}
		return v, err
	}
	v, err := s.viewOf(r.visitor(), versionsOf(r.container), versionName(r.object, version), raw, 0)
	if err == nil && v.object.Type == deletedType {
		v.content.close()
		f := refuse(http.StatusNotFound)
		f.header.Set("Content-Type", deletedType)
		f.header.Set(versionHeader, id)
		return nil, f
	}
	return v, err
}

// versionOf parses the id of a version in a request.
func (s *Server) versionOf(r *request, id string) (timestamp, error) {
	if id == nullVersion {
		return 0, nil
	}
	if !s.hasVersions(r) {
		return 0, refuseWith(http.StatusBadRequest, htmlType, "version-aware operations require that the container is versioned")
	}
	version, ok := parseVersion(id)
	if !ok {
		return 0, refuseWith(http.StatusBadRequest, htmlType, "Invalid version parameter")
	}
	return version, nil
}

// tellVersion sets the headers with the version of an answer.
func (s *Server) tellVersion(r *request, v *view) {
	id := r.query.Get("version-id")
	if id == "" && !s.hasVersions(r) {
		return
	}
	v.header = maps.Clone(v.header)
	if v.header == nil {
		v.header = map[string]string{}
	}
	if id == "" {
		id = nullVersion
		if v.object.Version != 0 {
			id = v.object.Version.String()
			v.header["Content-Location"] = versionPath(r.account, r.container, r.object, v.object.Version)
		}
	}
	v.header[versionHeader] = id
}

// serveVersion handles the requests that make a version the current one or delete it.
func (s *Server) serveVersion(w http.ResponseWriter, r *request) error {
	id := r.query.Get("version-id")
	if r.Method == http.MethodPost {
		return refuseWith(http.StatusBadRequest, htmlType, "POST to a specific version is not allowed")
	}
	version, err := s.versionOf(r, id)
	switch {
	case err != nil:
		return err
	case r.Method == http.MethodDelete:
		return s.deleteVersion(w, r, version)
	case r.Method != http.MethodPut:
		return notAllowed()
	case id == nullVersion:
		return refuse(http.StatusPreconditionFailed)
	case r.ContentLength != 0:
		return refuseWith(http.StatusBadRequest, plainType, "PUT version-id requests require a zero byte body")
	}
	o, err := s.restoreVersion(r, version)
	if err != nil {
		return err
	}
	return created(w, o, o.ETag)
}

// restoreVersion makes a version the current one.
func (s *Server) restoreVersion(r *request, version timestamp) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.lookup(r.account, versionsOf(r.container), versionName(r.object, version))
	if !ok {
		return nil, refuseWith(http.StatusNotFound, plainType, "The specified version does not exist")
	}
	o := *v
	o.Name, o.Linked = r.object, s.clock.now()
	if err := s.store.putObject(r.account, r.container, &o); err != nil {
		return nil, err
	}
	c, _ := s.container(r.account, r.container) // exists, because its versions exist
	if old := c.put(&o); old != nil && old.Version == 0 {
		s.store.discard(old.Body)
	}
	return &o, nil
}

// deleteVersion deletes one version. If it is the current one, it also deletes the object.
func (s *Server) deleteVersion(w http.ResponseWriter, r *request, version timestamp) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(r.account, r.container)
	if !ok {
		return refuse(http.StatusNotFound)
	}
	current, exists := c.objects.get(r.object)
	id := nullVersion
	switch {
	case version == 0 && (!exists || current.Version != 0):
		return refuse(http.StatusNotFound)
	case exists && current.Version == version:
		if err := s.take(r.account, c, current, version != 0); err != nil {
			return err
		}
	case exists && current.Version != 0:
		id = current.Version.String()
	}
	if version != 0 {
		versions, ok := s.container(r.account, versionsOf(r.container))
		if !ok {
			return refuse(http.StatusNotFound)
		}
		o, ok := versions.objects.get(versionName(r.object, version))
		if !ok {
			return refuse(http.StatusNotFound)
		}
		if err := s.take(r.account, versions, o, false); err != nil {
			return err
		}
		w.Header().Set(versionHeader, version.String())
		w.Header().Set("X-Object-Current-Version-Id", id)
	}
	return done(w, http.StatusNoContent)
}

// listVersions lists the versions of the objects in a container, including those of deleted
// objects.
func (s *Server) listVersions(w http.ResponseWriter, r *request, sel selection) error {
	asJSON, err := wantsJSON(r)
	if _, ok := errors.AsType[*failure](err); ok || !asJSON && r.Header.Get("Accept") != "" {
		return notAcceptable()
	}
	inner, err := versionsSelection(r, sel)
	if err != nil {
		return err
	}
	if _, err := s.containerListing(w.Header(), r, sel); err != nil {
		return err
	}
	raw, err := json.Marshal(s.versionEntries(r, sel, inner))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(raw)
	return err
}

// versionsSelection returns the selected part of the versions.
func versionsSelection(r *request, sel selection) (selection, error) {
	bad := func(text string) error { return refuseWith(http.StatusBadRequest, htmlType, text) }
	inner := selection{prefix: reserved + sel.prefix, delimiter: sel.delimiter, limit: sel.limit, reverse: sel.reverse}
	if strings.ContainsAny(sel.delimiter, "0123456789."+reserved) {
		return inner, bad("invalid delimiter param")
	}
	from := r.query.Get("version_marker")
	switch {
	case from == "" && sel.marker != "":
		inner.marker = reserved + sel.marker + reserved + ":"
	case from == nullVersion:
		inner.marker = sel.marker
	case from != "" && sel.marker == "":
		return inner, bad("version_marker param requires marker")
	case from != "":
		version, ok := parseVersion(from)
		if !ok {
			return inner, bad("invalid version_marker param")
		}
		inner.marker = versionName(sel.marker, version)
	}
	return inner, nil
}

// versionEntries returns the entries for listVersions.
func (s *Server) versionEntries(r *request, sel, inner selection) []listingEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := []listingEntry{}
	subdirs, latest, current := map[string]bool{}, map[string]bool{}, map[string]timestamp{}
	if c, ok := s.container(r.account, r.container); ok {
		items, _ := c.listed()
		for _, f := range items.selectFrom(sel) {
			switch {
			case f.subdir != "":
				subdirs[f.subdir] = true
			case f.item.Version == 0:
				e := f.item.entry(r.account, r.container)
				e.VersionID, e.IsLatest = nullVersion, new(true)
				entries = append(entries, e)
				latest[f.item.Name] = true
			default:
				current[f.item.Name] = f.item.Version
			}
		}
	}
	if c, ok := s.container(r.account, versionsOf(r.container)); ok {
		items, _ := c.listed()
		for _, f := range items.selectFrom(inner) {
			if f.subdir != "" {
				subdirs[strings.Trim(f.subdir, reserved)] = true
				continue
			}
			name, _, _ := strings.Cut(f.item.Name[len(reserved):], reserved)
			is := current[name] == f.item.Version || f.item.Type == deletedType && !latest[name]
			latest[name] = latest[name] || is
			e := f.item.entry(r.account, r.container)
			e.Name, e.VersionID, e.IsLatest, e.VersionSymlink, e.SymlinkPath = name, f.item.Version.String(), &is, false, ""
			entries = append(entries, e)
		}
	}
	for dir := range subdirs {
		entries = append(entries, listingEntry{Subdir: dir})
	}
	slices.SortStableFunc(entries, func(a, b listingEntry) int {
		if sel.reverse {
			a, b = b, a
		}
		return cmp.Compare(a.text(), b.text())
	})
	return entries[:min(len(entries), sel.limit)]
}
