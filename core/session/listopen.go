package session

import (
	"context"
	"io"
	"time"

	"filegate/core/vfs"
)

// listPatience is how long a listing waits for files that are being stored in its directory. It is
// enough for usual ones, so that they are in the listing; a large one may take longer, and holds up
// nobody.
const listPatience = time.Second

// openEntries lay the files that are being written over a listing. A session sees what it writes
// itself, with the size that it has by now. What other sessions of the login write is not in the
// listing before its Commit, also where the store shows it as an upload that was cut off: a name
// that is listed is complete.
type openEntries struct {
	s      *Session
	dir    vfs.Path
	listed map[string]bool // of the files that are open, those that the store has listed
	ended  bool
}

// listOpen returns what is to be laid over the listing of a directory, or nil for nothing. Files
// that are being stored in it get a moment to be in the listing.
func (s *Session) listOpen(ctx context.Context, name vfs.Path) *openEntries {
	if s.files.none() {
		return nil
	}
	e := &openEntries{s: s, dir: s.placeOf(ctx, name.Join("x")).Dir(), listed: map[string]bool{}}
	late := time.NewTimer(listPatience)
	defer late.Stop()
	for _, o := range s.files.in(e.dir) {
		if !o.ending() {
			continue
		}
		select {
		case <-o.over:
		case <-late.C:
			return e
		case <-ctx.Done():
			return e
		}
	}
	return e
}

// next returns the next page of a listing.
func (e *openEntries) next(ctx context.Context, under vfs.Lister) ([]vfs.Info, error) {
	if e == nil {
		return under.Next(ctx)
	}
	for !e.ended {
		page, err := under.Next(ctx)
		if err == io.EOF {
			e.ended = true
			if page = e.missing(); len(page) > 0 {
				return page, nil
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		if page = e.over(page); len(page) > 0 {
			return page, nil
		}
	}
	return nil, io.EOF
}

// over returns a page with what this session sees of the files in it.
func (e *openEntries) over(page []vfs.Info) []vfs.Info {
	open := e.s.files.in(e.dir)
	if len(open) == 0 {
		return page
	}
	seen := page[:0]
	for _, info := range page {
		o := open[info.Name]
		if o == nil || info.IsDir() || info.IsLink() {
			seen = append(seen, info)
			continue
		}
		switch {
		case o.shownTo(e.s) && (!info.Partial || o.knows(e.s)):
			seen = append(seen, o.inListing(info))
		case !info.Partial:
			seen = append(seen, info)
		default:
			continue
		}
		e.listed[info.Name] = true
	}
	return seen
}

// missing returns what this session is writing and the store has not listed.
func (e *openEntries) missing() []vfs.Info {
	var more []vfs.Info
	for name, o := range e.s.files.in(e.dir) {
		if o.knows(e.s) && !e.listed[name] {
			more = append(more, o.info(name))
		}
	}
	return more
}
