package session

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"filegate/core/vfs"
)

// OpenFiles is the table of the files that the sessions of a process have open for writing.
// Sessions of the same login share them. The zero value is ready to use.
type OpenFiles struct {
	mu     sync.Mutex
	logins map[loginKey]*files
}

// loginKey identifies the sessions that share open files: those that reach the same objects with
// the same rights.
type loginKey struct {
	store            string // the backend
	issuer, endpoint string // of the grant
	user             string
	home             vfs.Path // the root of the store's view, see [vfs.HomeFS]
}

// of returns the open files of a login for another session. The session must call leave at its end.
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

// files are the files that the sessions of one login have open for writing.
type files struct {
	all      *OpenFiles
	key      loginKey
	sessions int // guarded by all.mu

	mu    sync.Mutex
	named map[vfs.Path]*openFile // by the current place of the file
	links map[vfs.Path]*openFile // by the links through which a file was opened
	// Places that are being opened or renamed; the channel is closed at the end.
	turns map[vfs.Path]chan struct{}
}

// leave is called when a session has ended and all of its files are closed.
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

// at returns the open file at a place, or nil. With follow it also finds a file by a link through
// which it was opened.
func (f *files) at(p vfs.Path, follow bool) *openFile {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o := f.named[p]; o != nil || !follow {
		return o
	}
	return f.links[p]
}

// below returns the open files below a directory, sorted by place.
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

// in returns the open files directly in a directory, by name.
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

// add adds an open file to the table.
func (f *files) add(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.named[o.at] = o
}

// link records a link through which an open file was opened.
func (f *files) link(p vfs.Path, o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p != o.at {
		f.links[p] = o
	}
}

// drop removes an open file from the table. It may be called twice.
func (f *files) drop(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(o)
	o.gone = true
}

// forget removes the names of an open file. The caller must hold mu.
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

// unlink takes the name from an open file that was removed, or whose name was given to another
// file.
func (f *files) unlink(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(o)
	o.unlinked = true
}

// move renames an open file. It returns false if the file has no name.
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

// nameOf returns the place of an open file, and reports whether the file still has it.
func (f *files) nameOf(o *openFile) (at vfs.Path, linked bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return o.at, !o.unlinked
}

// turn waits until none of the places is being opened or renamed, and reserves them until end is
// called.
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

// takeTurn reserves all places, or none and returns the channel to wait for.
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

// placeOf returns the store's place of a client's name, with the links on the way resolved. It asks
// the store only while a file is open.
func (s *Session) placeOf(ctx context.Context, name vfs.Path) vfs.Path {
	inner := s.inStore(name)
	if s.files.none() {
		return inner
	}
	return s.placeToOpen(ctx, inner)
}

// placeToOpen returns the place of a name of the store that is about to be opened.
func (s *Session) placeToOpen(ctx context.Context, inner vfs.Path) vfs.Path {
	if p, err := vfs.PlaceOf(ctx, s.fs, inner, false); err == nil {
		return p.Path
	}
	return inner // the store will report what is wrong with it
}

// openAt returns the open file with a name, or nil. If the session does not see the file before its
// Commit, and the Commit is running, openAt waits for its end.
func (s *Session) openAt(ctx context.Context, name vfs.Path, follow bool) *openFile {
	o := s.files.at(s.placeOf(ctx, name), follow)
	if o != nil && o.ending() && !o.shownTo(s) {
		return s.settled(ctx, name, follow)
	}
	return o
}

// throughOpen calls f for the open file with a name, if there is one. If the file ends before f has
// used it, it does not count.
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

// commitPatience is how long a call that concerns a file waits for the file's Commit.
const commitPatience = 20 * time.Second

// settled returns the open file with a name, or nil. It waits until no Commit of the file is
// running, but at most commitPatience.
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
