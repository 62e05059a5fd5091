package swift

import (
	"context"
	"io"
	"net/http"
	"strings"

	"filegate/core/vfs"
)

// List implements [vfs.FS]. The first page is asked for here, so that what is no directory is known at once.
func (f *FS) List(ctx context.Context, p vfs.Path) (vfs.Lister, error) {
	n, err := f.locate(p)
	if err != nil {
		return nil, err
	}
	limits, err := f.limits(ctx)
	if err != nil {
		return nil, translate(err)
	}
	l := &lister{fs: f, dir: n, limit: limits.listing}
	if err := l.fetch(ctx); err != nil {
		return nil, err
	}
	if n.isObject() && len(l.ready) == 0 && l.done && !l.seenSelf {
		// Nothing below the name: an empty directory has a marker, and a file or nothing is no directory.
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

// lister gives out one directory, page by page of Swift's.
type lister struct {
	fs    *FS
	dir   name
	limit int

	marker   string
	ready    []vfs.Info
	done     bool // no page is left to be asked for
	ended    bool // nor anything else to be given out
	seenSelf bool // the directory's own marker in the form "name/" was there

	// open holds the names given out as directories of which the prefix may still come: Swift sorts "a-b" between the marker "a" and the prefix "a/".
	// Each begins with the one before it, so there are never more than a name has bytes.
	open []string
}

// Next implements [vfs.Lister].
func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for len(l.ready) == 0 {
		if l.done {
			return l.rest(ctx)
		}
		if err := l.fetch(ctx); err != nil {
			return nil, err
		}
	}
	page := l.ready[:min(len(l.ready), measureAtOnce)]
	if err := l.fs.measure(ctx, l.dir, page); err != nil {
		return nil, err
	}
	l.ready = l.ready[len(page):]
	return page, nil
}

// rest returns what Swift's listing does not have: the aliases at the top, and the uploads that were cut off.
func (l *lister) rest(ctx context.Context) ([]vfs.Info, error) {
	if l.ended {
		return nil, io.EOF
	}
	more := l.fs.partialsIn
	if l.dir.isAccount() {
		more = l.fs.aliasesIn
	}
	all, err := more(ctx, l.dir)
	if err != nil {
		return nil, translate(err)
	}
	l.ended = true
	if len(all) == 0 {
		return nil, io.EOF
	}
	return all, nil
}

// Close implements [vfs.Lister].
func (l *lister) Close() error {
	l.done, l.ended, l.ready = true, true, nil
	return nil
}

// fetch asks for the next page and makes entries of it.
func (l *lister) fetch(ctx context.Context) error {
	page, err := l.fs.page(ctx, l.dir, listing{
		prefix: l.dir.prefix(), marker: l.marker, delimiter: !l.dir.isAccount(), limit: l.limit,
	})
	if err != nil {
		if l.dir.isAccount() && status(err) == http.StatusForbidden {
			// A user without the right to list the account still has the containers that he is let into: by name.
			l.done = true
			return nil
		}
		return l.fs.refusal(ctx, l.dir, err)
	}
	if len(page) == 0 {
		l.done = true
		return nil
	}
	l.marker = page[len(page)-1].key()
	for _, e := range page {
		if info, ok := l.entry(e); ok {
			l.ready = append(l.ready, info)
		}
	}
	l.done = len(page) < l.limit
	return nil
}

// entry makes of a line of Swift's what the client sees, or nothing: for the directory's own marker, for a name that has been
// given out already, and for one that can be no element of a path.
func (l *lister) entry(e entry) (vfs.Info, bool) {
	full := strings.TrimSuffix(e.key(), "/")
	if e.key() == l.dir.prefix() && !l.dir.isAccount() {
		l.seenSelf = true
		return vfs.Info{}, false
	}
	base := strings.TrimPrefix(full, l.dir.prefix())
	if !vfs.ValidName(base) {
		return vfs.Info{}, false
	}
	if l.dir.isAccount() {
		if _, hidden := l.fs.aliases[base]; hidden && l.dir.account == "" {
			return vfs.Info{}, false
		}
		if l.fs.hideSegments && strings.HasSuffix(base, segmentsSuffix) {
			return vfs.Info{}, false
		}
		return vfs.Info{Name: base, Mode: dirMode, ModTime: e.time(l.fs.opened)}, true
	}
	for len(l.open) > 0 && !strings.HasPrefix(full, l.open[len(l.open)-1]) {
		l.open = l.open[:len(l.open)-1]
	}
	if len(l.open) > 0 && l.open[len(l.open)-1] == full {
		return vfs.Info{}, false
	}
	l.open = append(l.open, full)
	if e.Subdir != "" || isDirectoryType(e.ContentType) {
		return vfs.Info{Name: base, Mode: dirMode, ModTime: e.time(l.fs.opened)}, true
	}
	return vfs.Info{Name: base, Size: e.Bytes, Mode: fileMode, ModTime: e.time(l.fs.opened), Version: e.Hash}, true
}
