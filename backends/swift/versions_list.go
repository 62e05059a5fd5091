package swift

import (
	"context"
	"io"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// versionsFirst is how many lines are asked for first of the versions of one object, which are few:
// what else has a name that begins like it comes behind.
const versionsFirst = 100

// afterAll is behind all names of a directory, as part of a marker: the last character there is.
// Swift's listing of versions has a directory again on the page that begins behind it.
const afterAll = "\U0010ffff"

// list implements List in the tree.
func (h history) list(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	l := &historyLister{history: h, times: h.backend.cfg.ListTimesLimit}
	if l.times == 0 {
		l.times = -1
	}
	if h.how.Archive != "" {
		l.stages = []stage{h.archivedVersions(), h.archivedBelow()}
	} else {
		l.stages = []stage{h.versionsOfIt(), h.versionsBelow()}
	}
	if !h.of.IsObject() || h.of.Object == api.EmptyObject { // what has none itself
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

// stage returns one batch of what a directory shows after the other. Of the last one, more is
// false; there says that there is something, shown or not. The error is not translated.
type stage func(ctx context.Context) (batch []listedEntry, there, more bool, err error)

// historyLister gives out a directory of the tree.
type historyLister struct {
	history
	stages []stage
	times  int // how many HEADs may still be made for times; negative: any number
	first  []vfs.Info
	there  bool // there is something, shown or not
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

// date completes versions by what only a HEAD tells. Those that nobody gave a time have the one
// that they are named by.
func (l *historyLister) date(ctx context.Context, batch []listedEntry) error {
	listed := make([]listedEntry, len(batch))
	copy(listed, batch)
	if err := l.measure(ctx, l.of, batch, &l.times); err != nil {
		return err
	}
	for i := range batch {
		if _, at, ok := versionOf(batch[i].Name); ok && !batch[i].IsDir() && batch[i].ModTime.Equal(listed[i].ModTime) {
			batch[i].ModTime = at
		}
	}
	return nil
}

// shownVersion is a version as its directory shows it, unless it is one that has no content: of a
// deletion, or of a directory.
func (f *FS) shownVersion(e listing.Entry, id string, lies api.Name) (listedEntry, bool) {
	if e.ContentType == api.DeletedType || api.IsDirectoryType(e.ContentType) {
		return listedEntry{}, false
	}
	base, _, ok := versionBase(id)
	info := vfs.Info{Name: base, Size: e.Bytes, Mode: api.DefaultFileMode, ModTime: e.Time(f.opened), Version: e.Version()}
	return listedEntry{Info: info, lies: lies}, ok
}

// versionsOfIt gives out the versions of the object itself.
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
			l.VersionMarker = lastVersion // behind "null" Swift lists nothing
		}
		known, err := h.client.Limits(ctx)
		l.Limit = min(known.Listing, measureAtOnce)
		return batch, there, p.More, err
	}
}

// versionsBelow gives out what lies below the place, as directories. Of an object with many
// versions only as many are read as come on one page.
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

// givenOut tells which of the names that come in Swift's order have come before: that of an object
// and that of a directory, which sorts as if it had a slash at its end, so that "a-b" comes between
// "a" and "a/".
type givenOut struct {
	// open holds the names of which the directory may still come. Each begins with the one before
	// it, so there are never more than a name has bytes.
	open []string
}

// again reports whether the name has come before.
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

// lastVersion is an id behind that of every version there will be.
const lastVersion = "9999999999.99999"
