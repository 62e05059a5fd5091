package session

import (
	"context"
	"io"
	"time"

	"filegate/core/vfs"
)

// listPatience is how long a listing waits for files in its directory that are being committed. It
// is enough for usual files, so that they are listed. A large file may take longer, and must not
// delay the listing.
const listPatience = time.Second

// openEntries adds the files that are open for writing to a listing. A session sees its own files
// with their current size. A new file of another session of the login is not listed before its
// Commit, even if the store lists it as an interrupted upload. So a listed name is complete.
type openEntries struct {
	s      *Session
	dir    vfs.Path
	listed map[string]bool // open files that the store has listed
	ended  bool
}

// listOpen returns the open files for the listing of a directory, or nil if there are none. It
// waits at most listPatience for files that are being committed.
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

// over returns a page with the changes that this session sees.
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

// missing returns the files that this session is writing and that the store has not listed.
func (e *openEntries) missing() []vfs.Info {
	var more []vfs.Info
	for name, o := range e.s.files.in(e.dir) {
		if o.knows(e.s) && !e.listed[name] {
			more = append(more, o.info(name))
		}
	}
	return more
}
