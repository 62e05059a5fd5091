package swifttest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// serveContainer handles requests to a container.
func (s *Server) serveContainer(w http.ResponseWriter, r *request) error {
	if len(r.container) > s.limits.MaxContainerName {
		return refuseWith(http.StatusBadRequest, htmlType,
			fmt.Sprintf("Container name length of %d longer than %d", len(r.container), s.limits.MaxContainerName))
	}
	switch r.Method {
	case http.MethodHead, http.MethodGet:
		return s.listContainer(w, r)
	case http.MethodPut:
		return s.putContainer(w, r)
	case http.MethodPost:
		return s.postContainer(w, r)
	case http.MethodDelete:
		return s.deleteContainer(w, r)
	case http.MethodOptions:
		return options(w)
	}
	return notAllowed()
}

func (s *Server) listContainer(w http.ResponseWriter, r *request) error {
	sel, err := s.selection(r)
	if err != nil {
		return err
	}
	if r.query.Has("versions") && r.Method == http.MethodGet {
		return s.listVersions(w, r, sel)
	}
	items, err := s.containerListing(w.Header(), r, sel)
	if err != nil {
		return err
	}
	var entries []listingEntry
	for _, f := range items {
		if f.subdir != "" {
			entries = append(entries, listingEntry{Subdir: f.subdir})
			continue
		}
		e := f.item.entry(r.account, r.container)
		if s.limits.PlainListings {
			e.SLOEtag, e.SymlinkPath, e.SymlinkEtag, e.SymlinkBytes = "", "", "", nil
			if f.item.SLO != nil && s.limits.Ceph {
				e.Bytes, e.Hash = &f.item.Size, emptyMD5
			}
		}
		entries = append(entries, e)
	}
	return writeListing(w, r, entries)
}

// entry returns the entry for an object in a listing.
func (o *object) entry(account, containerName string) listingEntry {
	size := o.Size
	e := listingEntry{Name: o.Name, LastModified: cmp.Or(o.Linked, o.Modified).listed(), Hash: o.ETag, Bytes: &size, ContentType: listedType(o.Type)}
	if o.SLO != nil {
		size = o.SLO.Size
		e.SLOEtag = strconv.Quote(o.SLO.ETag)
	}
	if l := o.Symlink; l != nil {
		e.SymlinkPath = l.path(account)
		if l.Etag != "" {
			e.SymlinkEtag, e.SymlinkBytes = l.Etag, &l.Bytes
		}
		if l.SLOEtag != "" {
			e.SLOEtag = strconv.Quote(l.SLOEtag)
		}
	}
	if o.Version != 0 {
		e.VersionSymlink, e.SymlinkPath = true, versionPath(account, containerName, o.Name, o.Version)
	}
	return e
}

// listedType returns the form of a Content-Type in listings: without spaces between its parameters.
func listedType(kind string) string {
	parts := strings.Split(kind, ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, ";")
}

// containerListing sets the headers of a container and returns its listing.
func (s *Server) containerListing(h http.Header, r *request, sel selection) ([]found[*object], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(r.account, r.container)
	if !ok {
		return nil, refuse(http.StatusNotFound)
	}
	s.expire(r.account, c)
	items, bytes := c.listed()
	h.Set("X-Container-Object-Count", strconv.Itoa(len(items.items)))
	h.Set("X-Container-Bytes-Used", strconv.FormatInt(bytes, 10))
	h.Set("X-Timestamp", c.Created.String())
	h.Set("Last-Modified", c.Modified.lastModified())
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Storage-Policy", cmp.Or(c.Policy, s.limits.Policies[0]))
	setAll(h, c.Meta)
	if s.limits.Ceph {
		h.Del(quotaOfContainer)
		h.Del(quotaOfContainers)
	}
	c.tellVersions(h)
	if !r.visitor().owns() {
		for _, key := range containerACLs {
			h.Del(key)
		}
	}
	if r.Method == http.MethodHead {
		return nil, nil
	}
	return items.selectFrom(sel), nil
}

// container returns a container. The caller must hold mu.
func (s *Server) container(account, name string) (*container, bool) {
	a, ok := s.accounts[account]
	if !ok {
		return nil, false
	}
	return a.containers.get(name)
}

// expire removes the expired objects of a container. The caller must hold mu.
func (s *Server) expire(account string, c *container) {
	if c.expiries == 0 {
		return
	}
	now := s.clock.wall()
	var gone []*object
	for _, o := range c.objects.items {
		if o.expired(now) && !o.Lost {
			gone = append(gone, o)
		}
	}
	for _, o := range gone {
		if s.store.removeObject(account, c.Name, o.Name) == nil {
			c.remove(o.Name)
			s.store.discard(o.Body)
		}
	}
}

func (s *Server) putContainer(w http.ResponseWriter, r *request) error {
	if err := s.checkContainerHeaders(r); err != nil {
		return err
	}
	status, err := s.makeContainer(r)
	if err != nil {
		return err
	}
	return done(w, status)
}

func (s *Server) makeContainer(r *request) (status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.needAccount(r.account)
	if err != nil {
		return 0, err
	}
	policy := ""
	if wanted := r.Header.Get("X-Storage-Policy"); wanted != "" {
		i := slices.IndexFunc(s.limits.Policies, func(p string) bool { return strings.EqualFold(p, wanted) })
		if i < 0 {
			return 0, refuseWith(http.StatusBadRequest, plainType, fmt.Sprintf("Invalid X-Storage-Policy '%s'", wanted))
		}
		policy = s.limits.Policies[i]
	}
	if c, ok := a.containers.get(r.container); ok {
		if policy != "" && policy != cmp.Or(c.Policy, s.limits.Policies[0]) {
			return 0, refuse(http.StatusConflict)
		}
		return http.StatusAccepted, s.updateContainer(r, c)
	}
	now := s.clock.now()
	c := &container{Name: r.container, Created: now, Modified: now, Policy: policy, Meta: updateMeta(nil, r.Header, containerMeta, containerACLs[:]...)}
	if err := s.updateVersions(r, c); err != nil {
		return 0, err
	}
	if err := s.store.putContainer(r.account, c); err != nil {
		return 0, err
	}
	a.put(c)
	s.lagBehind(c)
	return http.StatusCreated, nil
}

func (s *Server) checkContainerHeaders(r *request) error {
	if err := checkQuotaHeaders(r.Header); err != nil {
		return err
	}
	if err := checkArchiveHeaders(r.Header); err != nil {
		return err
	}
	return s.limits.checkMeta(r.Header, containerMeta)
}

func (s *Server) postContainer(w http.ResponseWriter, r *request) error {
	if err := s.checkContainerHeaders(r); err != nil {
		return err
	}
	if err := s.changeContainer(r); err != nil {
		return err
	}
	return done(w, http.StatusNoContent)
}

func (s *Server) changeContainer(r *request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(r.account, r.container)
	if !ok {
		return refuse(http.StatusNotFound)
	}
	return s.updateContainer(r, c)
}

// updateContainer sets the metadata of a container. The caller must hold mu.
func (s *Server) updateContainer(r *request, c *container) error {
	if err := s.updateVersions(r, c); err != nil {
		return err
	}
	c.Meta = updateMeta(c.Meta, r.Header, containerMeta, containerACLs[:]...)
	c.Modified = s.clock.now()
	return s.store.putContainer(r.account, c)
}

func (s *Server) deleteContainer(w http.ResponseWriter, r *request) error {
	if err := s.removeContainer(r.account, r.container); err != nil {
		return err
	}
	return done(w, http.StatusNoContent)
}

// removeContainer removes a container whose listing is empty. Objects that are missing from the
// listing because of a lag are lost.
func (s *Server) removeContainer(account, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.container(account, name)
	if !ok {
		return refuse(http.StatusNotFound)
	}
	s.expire(account, c)
	if items, _ := c.listed(); len(items.items) > 0 {
		return refuse(http.StatusConflict)
	}
	if err := s.removeVersions(account, c); err != nil {
		return err
	}
	if err := s.store.removeContainer(account, name); err != nil {
		return err
	}
	s.accounts[account].remove(name)
	for _, o := range c.objects.items {
		s.store.discard(o.Body)
	}
	return nil
}
