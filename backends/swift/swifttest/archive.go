package swifttest

import (
	"fmt"
	"net/http"
	"strings"
)

// Swift's older kinds of versioning copy a replaced object to another container that the user has
// created, the archive. They differ in the deletion of an object: with X-History-Location it is
// copied to the archive too; with X-Versions-Location the latest version in the archive replaces
// it.
const (
	versionsLocation = "X-Versions-Location"
	historyLocation  = "X-History-Location"
)

func checkArchiveHeaders(h http.Header) error {
	if h.Get(versionsLocation) != "" && h.Get(historyLocation) != "" {
		return refuseWith(http.StatusBadRequest, plainType, "Only one of x-versions-location or x-history-location may be specified")
	}
	return nil
}

// updateArchive sets the archive as in the headers of a request to the container.
func (c *container) updateArchive(h http.Header) {
	for _, key := range []string{versionsLocation, historyLocation} {
		_, named := h[key]
		if named || h.Get("X-Remove-"+strings.TrimPrefix(key, "X-")) != "" {
			c.Archive, c.History = "", false
		}
	}
	for _, key := range []string{versionsLocation, historyLocation} {
		if v := h.Get(key); v != "" {
			c.Archive, c.History = v, key == historyLocation
		}
	}
}

// archivePrefix returns the prefix of the names of an object's versions in an archive.
func archivePrefix(name string) string { return fmt.Sprintf("%03x%s/", len(name), name) }

// archive copies an object to the archive of its container. The copy gets the body. The caller must
// hold mu.
func (s *Server) archive(account string, c *container, o *object) error {
	v := *o
	v.Created = s.clock.now()
	v.Modified = v.Created
	return s.putArchived(account, c, v, o.Modified)
}

// putArchived stores a version in the archive. The caller must hold mu.
func (s *Server) putArchived(account string, c *container, o object, version timestamp) error {
	to, ok := s.container(account, c.Archive)
	if !ok {
		return refuse(http.StatusPreconditionFailed)
	}
	o.Name = archivePrefix(o.Name) + version.String()
	if err := s.store.putObject(account, to.Name, &o); err != nil {
		return err
	}
	to.put(&o)
	return nil
}

// pop replaces a deleted object with its latest version in the archive, and reports whether there
// was one. The caller must hold mu.
func (s *Server) pop(account string, c *container, name string) (bool, error) {
	from, ok := s.container(account, c.Archive)
	if !ok {
		return false, nil
	}
	found := from.objects.selectFrom(selection{prefix: archivePrefix(name), limit: 1, reverse: true})
	if len(found) == 0 || found[0].item.Type == deletedType {
		return false, nil
	}
	o := *found[0].item
	o.Name, o.Created = name, s.clock.now()
	o.Modified = o.Created
	if err := s.store.putObject(account, c.Name, &o); err != nil {
		return false, err
	}
	if old := c.put(&o); old != nil {
		s.store.discard(old.Body)
	}
	return true, s.take(account, from, found[0].item, true)
}
