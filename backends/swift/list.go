package swift

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// List implements [vfs.FS]. The first page is requested here, so that List can return an error if p
// is no directory.
func (f *FS) List(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	l, err := f.list(ctx, p)
	if err != nil {
		return nil, err
	}
	return &stickyLister{Lister: l}, nil
}

func (f *FS) list(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	n, err := f.locate(p)
	if err != nil {
		return nil, err
	}
	switch h, inTree, err := f.historyAt(ctx, n); {
	case err != nil:
		return nil, err
	case inTree:
		return h.list(ctx, p)
	}
	limits, err := f.client.Limits(ctx)
	if err != nil {
		return nil, api.Translate(err)
	}
	l := &lister{fs: f, dir: n, times: f.backend.cfg.timesBudget(), batch: measureFirst}
	limit := limits.Listing
	if n.IsAccount() {
		limit = limits.AccountListing
		l.times.heads, l.times.wait = maxContainerTimes, -1
	}
	first := listing.Query{Prefix: n.Prefix(), Delimiter: !n.IsAccount(), Limit: limit}
	page, err := f.lists.RawPage(ctx, n, first)
	if n.IsAccount() && api.StatusOf(err) == http.StatusForbidden {
		// A user without the right to list the account can still enter the containers that are
		// shared with the user, by name.
		return l, nil
	}
	if err == nil {
		err = l.take(ctx, first, page)
	}
	if err != nil {
		return nil, f.client.Refusal(ctx, n, err)
	}
	for page.More && n.IsObject() && len(l.ready) == 0 && !l.seenSelf {
		// All entries so far have been deleted, as the write log shows. The next page shows whether
		// the name is a directory.
		first.Marker = page.Last()
		if page, err = f.lists.RawPage(ctx, n, first); err == nil {
			err = l.take(ctx, first, page)
		}
		if err != nil {
			return nil, f.client.Refusal(ctx, n, err)
		}
	}
	if page.More {
		first.Marker = page.Last()
		l.pages = f.lists.NewPager(ctx, n, first)
		return l, nil
	}
	if n.IsObject() && len(l.ready) == 0 && !l.seenSelf {
		// Nothing is below the name. An empty directory has a marker; otherwise the name is a file,
		// or not used.
		info, err := f.Stat(ctx, p)
		switch {
		case err != nil:
			return nil, err
		case !info.IsDir():
			return nil, vfs.ErrNotDir
		}
	}
	return l, nil
}

// maxContainerTimes is how many HEADs the listing of an account makes for the times of containers.
const maxContainerTimes = 256

// lister lists one directory, one page of Swift's listing after another.
type lister struct {
	fs    *FS
	dir   api.Name
	pages *listing.Pager // the pages that follow; nil if there are none
	times *timesBudget
	batch int // how many entries are completed by HEADs before they are returned

	ready    []listedEntry
	ended    bool // all entries have been returned
	seenSelf bool // the directory's own marker in the form "name/" was there

	given givenOut

	hidden   hiddenSegments
	segments segmentContainers // of an account
}

// Next implements [vfs.Lister].
func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for !l.ended {
		if len(l.ready) == 0 {
			if l.pages == nil {
				return l.rest(ctx)
			}
			if err := l.fetch(ctx); err != nil {
				return nil, err
			}
			continue
		}
		batch := l.ready[:min(len(l.ready), l.batch)]
		if err := l.fs.measure(ctx, l.dir, batch, l.times); err != nil {
			return nil, err
		}
		l.ready = l.ready[len(batch):]
		batch = slices.DeleteFunc(batch, func(s listedEntry) bool { return s.gone })
		if l.dir.IsAccount() {
			var err error
			if batch, err = l.fs.withPolicy(ctx, l.dir, batch); err != nil {
				return nil, err
			}
		}
		l.batch = min(2*l.batch, measureAtOnce)
		batch, err := l.visible(ctx, batch)
		switch {
		case err != nil:
			return nil, err
		case len(batch) > 0:
			return infosOf(batch), nil
		}
	}
	return nil, io.EOF
}

func infosOf(all []listedEntry) []vfs.Info {
	infos := make([]vfs.Info, len(all))
	for i, s := range all {
		infos[i] = s.Info
	}
	return infos
}

// rest returns the entries that are not in Swift's listing: the aliases at the top level, and
// interrupted uploads.
func (l *lister) rest(ctx context.Context) ([]vfs.Info, error) {
	more := l.fs.partialsShown
	if l.dir.IsAccount() {
		more = l.fs.aliasesIn
	}
	all, err := more(ctx, l.dir)
	if err != nil {
		return nil, api.Translate(err)
	}
	if l.dir.IsContainer() && l.fs.backend.cfg.ShowVersions {
		switch _, inTree, err := l.fs.historyAt(ctx, l.dir.With(versionsDir)); {
		case err != nil:
			return nil, err
		case inTree:
			all = append(all, vfs.Info{Name: versionsDir, Mode: api.DefaultDirMode, ModTime: l.fs.opened})
		}
	}
	l.ended = true
	if len(all) == 0 {
		return nil, io.EOF
	}
	return all, nil
}

// Close implements [vfs.Lister].
func (l *lister) Close() error {
	l.ended, l.ready = true, nil
	if l.pages != nil {
		l.pages.Close()
		l.pages = nil
	}
	return nil
}

// fetch waits for the next page.
func (l *lister) fetch(ctx context.Context) error {
	page, ok, err := l.pages.Next(ctx)
	switch {
	case err != nil:
		return api.Translate(err)
	case !ok:
		l.pages.Close()
		l.pages = nil
		return nil
	}
	return api.Translate(l.take(ctx, page.After, page.Page))
}

// take converts a page to entries, merged with the write log. The error is not translated.
func (l *lister) take(ctx context.Context, asked listing.Query, page listing.Page) error {
	changes, err := l.fs.lists.ChangesIn(ctx, l.dir.Top(), asked)
	if err != nil {
		return err
	}
	lines, err := l.fs.lists.Overlay(ctx, l.dir, asked, page, changes)
	if err != nil {
		return err
	}
	for _, e := range lines {
		if s, ok := l.entry(e); ok {
			l.ready = append(l.ready, s)
		}
	}
	return nil
}

// entry returns the entry for a row of Swift's listing. It returns false for the directory's own
// marker, for a name that has been listed already, and for a name that cannot be an element of a
// path: one that is not UTF-8 or has a NUL, which Swift itself does not permit.
func (l *lister) entry(e listing.Entry) (listedEntry, bool) {
	if e.Key() == "" {
		return listedEntry{}, false
	}
	full := strings.TrimSuffix(e.Key(), "/")
	if e.Key() == l.dir.Prefix() && !l.dir.IsAccount() {
		l.seenSelf = true
		if e.Subdir != "" || api.IsMarker(e.Name, e.Bytes, e.ContentType) {
			return listedEntry{}, false
		}
		full = e.Key() // a file with an empty name
	}
	base := api.EscapeElement(strings.TrimPrefix(full, l.dir.Prefix()), l.dir.IsAccount())
	if !vfs.ValidName(base) {
		return listedEntry{}, false
	}
	directory := listedEntry{Info: vfs.Info{Name: base, Mode: api.DefaultDirMode, ModTime: e.Time(l.fs.opened)}}
	if l.dir.IsAccount() {
		segments := l.segments.has(full)
		if _, hidden := l.fs.aliases[base]; hidden && l.dir.Account == "" {
			return listedEntry{}, false
		}
		directory.Size, directory.Links = e.Bytes, e.Count
		return directory, !segments || !l.fs.hideSegments
	}
	if full == l.dir.Prefix() && full != "" && e.Subdir == "" {
		return listedEntry{Info: vfs.Info{Name: base, Size: e.Bytes, Mode: api.DefaultFileMode, ModTime: e.Time(l.fs.opened), Version: e.Version()}}, true
	}
	if l.given.again(full) {
		return listedEntry{}, false
	}
	switch {
	case e.IsLink():
		return listedEntry{Info: api.LinkInfo(base, api.Object{Modified: e.Time(l.fs.opened)})}, true
	case e.Asked != nil && e.Asked.IsDir():
		return listedEntry{Info: e.Asked.Info(base), asked: true}, true
	case api.IsDirectoryType(e.ContentType):
		directory.marker = e.Hash
		return directory, true
	case e.Subdir != "":
		return directory, true
	case e.Asked != nil:
		return listedEntry{Info: e.Asked.Info(base), segments: e.Asked.DLO, asked: true}, true
	}
	return listedEntry{Info: vfs.Info{Name: base, Size: e.Bytes, Mode: api.DefaultFileMode, ModTime: e.Time(l.fs.opened), Version: e.Version()}, contentType: e.ContentType}, true
}
