package session

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"filegate/core/vfs"
)

// OpenFiles is the table of files that the sessions of a process have open for writing. Sessions of
// the same login share them. The zero value is ready to use.
type OpenFiles struct {
	mu     sync.Mutex
	logins map[loginKey]*files
}

// loginKey says which sessions share open files: those that reach the same objects with the same
// rights.
type loginKey struct {
	store            string // the backend
	issuer, endpoint string // of the grant
	user             string
	home             vfs.Path // that the store is seen from, see [vfs.HomeFS]
}

// of returns the open files of a login, for one session more, until leave.
func (o *OpenFiles) of(key loginKey) *files {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.logins[key]
	if f == nil {
		f = &files{all: o, key: key, named: map[vfs.Path]*openFile{}, links: map[vfs.Path]*openFile{}, turns: map[vfs.Path]chan struct{}{}}
		if o.logins == nil {
			o.logins = map[loginKey]*files{}
		}
		o.logins[key] = f
	}
	f.sessions++
	return f
}

// files are those that the sessions of one login have open for writing.
type files struct {
	all      *OpenFiles
	key      loginKey
	sessions int // guarded by all.mu

	mu    sync.Mutex
	named map[vfs.Path]*openFile     // by the place that a file has now
	links map[vfs.Path]*openFile     // by the links that it was opened through
	turns map[vfs.Path]chan struct{} // places that are being opened or renamed; closed when that is through
}

// leave is for a session that has ended, with all that it has opened.
func (f *files) leave() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	if f.sessions--; f.sessions == 0 {
		delete(f.all.logins, f.key)
	}
}

// none reports whether no file is open.
func (f *files) none() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.named) == 0
}

// at returns the open file at a place, or nil. With follow a link that it was opened through leads
// to it too.
func (f *files) at(p vfs.Path, follow bool) *openFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.named[p]; o != nil || !follow {
		return o
	}
	return f.links[p]
}

// below returns the open files in a directory and all below it, in the order of their places.
func (f *files) below(dir vfs.Path) []*openFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*openFile
	for p, o := range f.named {
		if p != dir && dir.Contains(p) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b *openFile) int { return strings.Compare(string(a.at), string(b.at)) })
	return all
}

// in returns the open files whose names are entries of a directory, by these names.
func (f *files) in(dir vfs.Path) map[string]*openFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all map[string]*openFile
	for p, o := range f.named {
		if !p.IsRoot() && p.Dir() == dir {
			if all == nil {
				all = map[string]*openFile{}
			}
			all[p.Base()] = o
		}
	}
	return all
}

// add gives an open file its name.
func (f *files) add(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named[o.at] = o
}

// link notes a link through which an open file was opened.
func (f *files) link(p vfs.Path, o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p != o.at {
		f.links[p] = o
	}
}

// drop forgets an open file. It may be called twice.
func (f *files) drop(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(o)
	o.gone = true
}

// forget takes an open file out of the table; the caller holds mu.
func (f *files) forget(o *openFile) {
	if f.named[o.at] == o {
		delete(f.named, o.at)
	}
	for p, other := range f.links {
		if other == o {
			delete(f.links, p)
		}
	}
}

// unlink takes the name from an open file: it has been removed, or another file has come to its
// name.
func (f *files) unlink(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(o)
	o.unlinked = true
}

// move gives an open file another name, and reports whether it has one at all.
func (f *files) move(o *openFile, to vfs.Path) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.unlinked || o.gone {
		return false
	}
	f.forget(o)
	o.at = to
	f.named[to] = o
	return true
}

// nameOf returns the place of an open file, and reports whether it still has one.
func (f *files) nameOf(o *openFile) (at vfs.Path, linked bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return o.at, !o.unlinked
}

// turn waits until none of the places is being opened or renamed, and returns what ends the
// caller's own turn.
func (f *files) turn(ctx context.Context, places ...vfs.Path) (end func(), err error) {
	mine := make(chan struct{})
	for {
		busy := f.takeTurn(mine, places)
		if busy == nil {
			return sync.OnceFunc(func() {
				f.mu.Lock()
				defer f.mu.Unlock()
				for _, p := range places {
					delete(f.turns, p)
				}
				close(mine)
			}), nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return func() {}, context.Cause(ctx)
		}
	}
}

// takeTurn takes all of the places, or none and returns what to wait for.
func (f *files) takeTurn(mine chan struct{}, places []vfs.Path) (busy chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range places {
		if busy := f.turns[p]; busy != nil {
			return busy
		}
	}
	for _, p := range places {
		f.turns[p] = mine
	}
	return nil
}

// placeOf returns where the login's store has what a client calls name, with the links on the way
// followed. It asks the store only while a file is open.
func (s *Session) placeOf(ctx context.Context, name vfs.Path) vfs.Path {
	inner := s.inStore(name)
	if s.files.none() {
		return inner
	}
	return s.placeToOpen(ctx, inner)
}

// placeToOpen is placeOf of a name of the store's that is about to be opened.
func (s *Session) placeToOpen(ctx context.Context, inner vfs.Path) vfs.Path {
	if p, err := vfs.PlaceOf(ctx, s.fs, inner, false); err == nil {
		return p.Path
	}
	return inner // the store itself says what is wrong with it
}

// openAt returns the open file at a name, or nil. One that this session does not see before its
// Commit it waits for, where that is under way.
func (s *Session) openAt(ctx context.Context, name vfs.Path, follow bool) *openFile {
	o := s.files.at(s.placeOf(ctx, name), follow)
	if o != nil && o.ending() && !o.shownTo(s) {
		return s.settled(ctx, name, follow)
	}
	return o
}

// throughOpen runs f on the file that is open under a name, if there is one. One that comes to its
// end before f gets at it counts no more.
func (s *Session) throughOpen(ctx context.Context, name vfs.Path, f func(*openFile) error) (found bool, err error) {
	for o := s.settled(ctx, name, true); o != nil; o = s.settled(ctx, name, true) {
		if o.ending() {
			return true, errUnderWay
		}
		if err := f(o); err != errEnded {
			return true, err
		}
	}
	return false, nil
}

// commitPatience is how long a question about a file waits for its Commit to end.
const commitPatience = 20 * time.Second

// settled returns the open file at a name, or nil, when no Commit of it is under way any more, or
// for too long.
func (s *Session) settled(ctx context.Context, name vfs.Path, follow bool) *openFile {
	at := s.placeOf(ctx, name)
	var late <-chan time.Time
	for {
		o := s.files.at(at, follow)
		if o == nil || !o.ending() {
			return o
		}
		if late == nil {
			timer := time.NewTimer(commitPatience)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-o.over:
		case <-late:
			return o
		case <-ctx.Done():
			return o
		}
	}
}
