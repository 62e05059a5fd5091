package swift

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// The older ways of keeping versions copy an object that is replaced to another container, the
// archive, under the name
//
//	<length of the object's name in bytes, in three hex digits><object>/<timestamp>
//
// The versions of a directory's files are therefore in as many places as there are lengths of their
// names.

// archived returns the name of the version of an object in the archive.
func (h history) archived(of api.Name, id string) api.Name {
	return api.Name{Account: of.Account, Container: h.how.Archive, Object: archivePrefix(of.Object) + id}
}

func archivePrefix(object string) string { return fmt.Sprintf("%03x%s/", len(object), object) }

// archive returns the container of the versions.
func (h history) archive() api.Name { return api.Name{Account: h.of.Account, Container: h.how.Archive} }

// archivePage returns a page of the archive's listing, which is empty if the archive does not
// exist. The error is not translated.
func (h history) archivePage(ctx context.Context, l listing.Query) (listing.Page, error) {
	if l.Limit == 0 {
		known, err := h.client.Limits(ctx)
		if err != nil {
			return listing.Page{}, err
		}
		l.Limit = known.Listing
	}
	p, err := h.lists.RawPage(ctx, h.archive(), l)
	if api.StatusOf(err) == http.StatusNotFound {
		return listing.Page{}, nil
	}
	return p, err
}

// isDirInArchive is isDir for an archive.
func (h history) isDirInArchive(ctx context.Context) (bool, error) {
	if h.of.Object != api.EmptyObject {
		p, err := h.archivePage(ctx, listing.Query{Prefix: archivePrefix(h.of.Object), Limit: 1})
		if err != nil || len(p.Lines) > 0 {
			return err == nil, err
		}
	}
	_, ok, err := h.lengthFrom(ctx, h.leastLength())
	return ok, err
}

// archivedVersions returns the stage of the versions of the object itself.
func (h history) archivedVersions() stage {
	l := listing.Query{Prefix: archivePrefix(h.of.Object), Limit: measureAtOnce}
	return func(ctx context.Context) (batch []listedEntry, there, more bool, err error) {
		p, err := h.archivePage(ctx, l)
		if err != nil {
			return nil, false, false, err
		}
		for _, e := range p.Lines {
			there = true
			if s, ok := h.shownVersion(e, strings.TrimPrefix(e.Name, l.Prefix), h.archive().With(e.Name)); ok {
				batch = append(batch, s)
			}
			l.Marker = e.Name
		}
		return batch, there, p.More, nil
	}
}

// maxSeen is how many names of one directory are remembered, so that a name is not listed again for
// each length of the names below it.
const maxSeen = 100_000

// archivedBelow returns the stage of the entries below the place, as directories: one length of
// names after another.
func (h history) archivedBelow() stage {
	length, next := 0, h.leastLength()
	var l listing.Query
	seen := map[string]bool{}
	return func(ctx context.Context) (batch []listedEntry, there, more bool, err error) {
		if length == 0 {
			found, ok, err := h.lengthFrom(ctx, next)
			if err != nil || !ok {
				return nil, false, false, err
			}
			length, next = found, found+1
			l = listing.Query{Prefix: h.inArchive(length), Delimiter: true}
		}
		p, err := h.archivePage(ctx, l)
		if err != nil {
			return nil, false, false, err
		}
		for _, e := range p.Lines {
			l.Marker = e.Key()
			element := strings.TrimSuffix(strings.TrimPrefix(e.Subdir, l.Prefix), "/")
			base := api.EscapeElement(element, false)
			if e.Subdir == "" || !vfs.ValidName(base) || seen[element] {
				continue
			}
			if len(seen) < maxSeen {
				seen[element] = true
			}
			batch = append(batch, listedEntry{Info: vfs.Info{Name: base, Mode: api.DefaultDirMode, ModTime: h.opened}})
		}
		if !p.More {
			length = 0
		}
		return batch, len(p.Lines) > 0, true, nil
	}
}

// inArchive returns the prefix in the archive of the versions of objects below the place whose
// names have a length.
func (h history) inArchive(length int) string { return fmt.Sprintf("%03x%s", length, h.of.Prefix()) }

// leastLength returns the shortest length of a name below the place: that of an object "d/", which
// is the file with an empty name in d.
func (h history) leastLength() int { return max(1, len(h.of.Prefix())) }

// lengthFrom returns the shortest length, from the given one on, of the names of objects below the
// place that have versions. It takes at most two requests for each length of any name in the
// archive. The error is not translated.
func (h history) lengthFrom(ctx context.Context, length int) (int, bool, error) {
	for length <= api.MaxObjectName {
		p, err := h.archivePage(ctx, listing.Query{Marker: h.inArchive(length), Limit: 1})
		if err != nil || len(p.Lines) == 0 {
			return 0, false, err
		}
		at := p.Lines[0].Name
		found, err := strconv.ParseUint(at[:min(3, len(at))], 16, 12)
		switch {
		case err != nil || int(found) < length: // not the name of a version
			length++
		case strings.HasPrefix(at, h.inArchive(int(found))):
			return int(found), true, nil
		case int(found) == length || at > h.inArchive(int(found)):
			length = int(found) + 1
		default:
			length = int(found)
		}
	}
	return 0, false, nil
}

// formatTimestamp returns a time in the form of Swift's ids of versions.
func formatTimestamp(t time.Time) string {
	return fmt.Sprintf("%010d.%05d", t.Unix(), t.Nanosecond()/int(10*time.Microsecond))
}
