package swift

import (
	"context"
	"io"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// versionsFirst is how many rows are requested first for the versions of one object, which are
// usually few: the rows after them are of other names with the same beginning.
const versionsFirst = 100

// afterAll sorts after all names of a directory, as part of a marker: it is the last character of
// Unicode. Without it, Swift's listing of versions would begin the next page with the same
// directory again.
const afterAll = "\U0010ffff"

// list implements List in the tree of versions.
func (h history) list(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	l := &historyLister{history: h, times: h.backend.cfg.timesBudget()}
	if h.how.Archive != "" {
		l.stages = []stage{h.archivedVersions(), h.archivedBelow()}
	} else {
		l.stages = []stage{h.versionsOfIt(), h.versionsBelow()}
	}
	if !h.of.IsObject() || h.of.Object == api.EmptyObject { // no versions of its own
		l.stages = l.stages[1:]
	}
	first, err := l.Next(ctx)
	switch {
	case err == io.EOF && h.of.IsObject() && !l.there:
		info, err := h.stat(ctx, p.Base())
		if err == nil && !info.IsDir() {
			err = vfs.ErrNotDir
		}
		if err != nil {
			return nil, err
		}
	case err != nil && err != io.EOF:
		return nil, err
	}
	l.first = first
	return l, nil
}

// stage returns the next batch of a directory's entries. more is false with the last batch. there
// is true if there is any entry, shown or not. The error is not translated.
type stage func(ctx context.Context) (batch []listedEntry, there, more bool, err error)

// historyLister lists a directory of the tree.
type historyLister struct {
	history
	stages []stage
	times  *timesBudget
	first  []vfs.Info
	there  bool // there is an entry, shown or not
}

// Next implements [vfs.Lister].
func (l *historyLister) Next(ctx context.Context) ([]vfs.Info, error) {
	if first := l.first; len(first) > 0 {
		l.first = nil
		return first, nil
	}
	for len(l.stages) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch, there, more, err := l.stages[0](ctx)
		if err != nil {
			return nil, l.client.Refusal(ctx, l.of, err)
		}
		l.there = l.there || there
		if !more {
			l.stages = l.stages[1:]
		}
		if len(batch) == 0 {
			continue
		}
		if err := l.date(ctx, batch); err != nil {
			return nil, err
		}
		infos := make([]vfs.Info, len(batch))
		for i, s := range batch {
			infos[i] = s.Info
		}
		return infos, nil
	}
	return nil, io.EOF
}

// Close implements [vfs.Lister].
func (l *historyLister) Close() error {
	l.stages, l.first = nil, nil
	return nil
}

// date completes versions with the attributes that only a HEAD shows. A version that no client gave
// a time has the time in its name.
func (l *historyLister) date(ctx context.Context, batch []listedEntry) error {
	listed := make([]listedEntry, len(batch))
	copy(listed, batch)
	if err := l.measure(ctx, l.of, batch, l.times); err != nil {
		return err
	}
	for i := range batch {
		if _, at, ok := versionOf(batch[i].Name); ok && !batch[i].IsDir() && batch[i].ModTime.Equal(listed[i].ModTime) {
			batch[i].ModTime = at
		}
	}
	return nil
}

// shownVersion returns a version as an entry of its directory. It returns false for a version
// without content: of a deletion, or of a directory.
func (f *FS) shownVersion(e listing.Entry, id string, lies api.Name) (listedEntry, bool) {
	if e.ContentType == api.DeletedType || api.IsDirectoryType(e.ContentType) {
		return listedEntry{}, false
	}
	base, _, ok := versionBase(id)
	info := vfs.Info{Name: base, Size: e.Bytes, Mode: api.DefaultFileMode, ModTime: e.Time(f.opened), Version: e.Version()}
	return listedEntry{Info: info, lies: lies, contentType: e.ContentType}, ok
}

// versionsOfIt returns the stage of the versions of the object itself.
func (h history) versionsOfIt() stage {
	l := listing.Query{Versions: true, Prefix: h.of.Object, Limit: versionsFirst}
	return func(ctx context.Context) (batch []listedEntry, there, more bool, err error) {
		p, err := h.lists.RawPage(ctx, h.of, l)
		if err != nil {
			return nil, false, false, err
		}
		for _, e := range p.Lines {
			if e.Name != h.of.Object {
				return batch, there, false, nil
			}
			there = true
			id := e.VersionID
			if id == api.NullVersion {
				id = formatTimestamp(e.Time(h.opened))
			}
			if s, ok := h.shownVersion(e, id, h.of.AtVersion(e.VersionID)); ok {
				batch = append(batch, s)
			}
			l.Marker, l.VersionMarker = e.Name, e.VersionID
		}
		if l.VersionMarker == api.NullVersion {
			l.VersionMarker = lastVersion // after "null" Swift lists nothing
		}
		known, err := h.client.Limits(ctx)
		l.Limit = min(known.Listing, measureAtOnce)
		return batch, there, p.More, err
	}
}

// versionsBelow returns the stage of the entries below the place, as directories. Of an object with
// many versions, it reads no more than one page.
func (h history) versionsBelow() stage {
	l := listing.Query{Versions: true, Prefix: h.of.Prefix(), Delimiter: true}
	var given givenOut
	return func(ctx context.Context) (batch []listedEntry, there, more bool, err error) {
		known, err := h.client.Limits(ctx)
		if err != nil {
			return nil, false, false, err
		}
		l.Limit = known.Listing
		p, err := h.lists.RawPage(ctx, h.of, l)
		if err != nil {
			return nil, false, false, err
		}
		for _, e := range p.Lines {
			there = true
			full := strings.TrimSuffix(e.Key(), "/")
			if e.Subdir == "" && e.Name == h.of.Prefix() {
				if api.IsMarker(e.Name, e.Bytes, e.ContentType) {
					continue
				}
				full = e.Name
			}
			base := api.EscapeElement(strings.TrimPrefix(full, h.of.Prefix()), false)
			if vfs.ValidName(base) && !given.again(full) {
				batch = append(batch, listedEntry{Info: vfs.Info{Name: base, Mode: api.DefaultDirMode, ModTime: e.Time(h.opened)}})
			}
		}
		if !p.More {
			return batch, there, false, nil
		}
		before := l.Marker
		l.Marker = p.Last()
		if p.Lines[len(p.Lines)-1].Subdir != "" {
			l.Marker += afterAll
		}
		return batch, there, l.Marker > before, nil
	}
}

// givenOut finds names that a listing in Swift's order has shown before: a name may occur as an
// object and as a directory. The directory sorts as if its name ended in a slash, so that "a-b"
// comes between "a" and "a/".
type givenOut struct {
	// open holds the names whose directory may still follow. Each begins with the one before it, so
	// there are never more than a name has bytes.
	open []string
}

// again reports whether the name has come before, and notes it.
func (g *givenOut) again(full string) bool {
	for len(g.open) > 0 && !strings.HasPrefix(full, g.open[len(g.open)-1]) {
		g.open = g.open[:len(g.open)-1]
	}
	if len(g.open) > 0 && g.open[len(g.open)-1] == full {
		return true
	}
	g.open = append(g.open, full)
	return false
}

// lastVersion is an id after those of all versions, now and later.
const lastVersion = "9999999999.99999"
