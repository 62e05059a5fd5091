package swifttest

import (
	"fmt"
	"net/http"
	"strings"
)

// Swift's older ways to keep versions copy what is replaced to a container that somebody has made
// for that, the archive. They differ in what becomes of an object that is deleted: with
// X-History-Location it goes to the archive too; with X-Versions-Location the latest of the archive
// takes its place.
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

// updateArchive takes up what a request to a container says of its archive.
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

// archivePrefix is what the names of an object's versions in an archive begin with.
func archivePrefix(name string) string { return fmt.Sprintf("%03x%s/", len(name), name) }

// archive copies an object to the archive of its container; the copy takes its body over. It is
// called with mu held.
func (s *Server) archive(account string, c *container, o *object) error {
	v := *o
	v.Created = s.clock.now()
	v.Modified = v.Created
	return s.putArchived(account, c, v, o.Modified)
}

// putArchived stores a version in the archive. It is called with mu held.
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

// pop puts the latest version of the archive in the place of an object that is deleted, and reports
// whether there was one. It is called with mu held.
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
