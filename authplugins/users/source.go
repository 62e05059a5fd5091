package users

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// source is the file as it was last good. It is looked at when somebody wants it.
type source struct {
	name    string
	load    func() (*content, error)
	log     io.Writer
	current atomic.Pointer[content]

	mu   sync.Mutex
	seen fs.FileInfo // nil: it was not there
}

// newSource reads the file, which must be good.
func newSource(name string, load func() (*content, error), log io.Writer) (*source, error) {
	s := &source{name: name, load: load, log: log, seen: stat(name)}
	first, err := load()
	if err != nil {
		return nil, err
	}
	s.current.Store(first)
	return s, nil
}

// content returns what the file says now, so that a user who was taken out is out at once.
func (s *source) content() *content {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.current.Load()
}

// look reads the file if it has changed. It is called with mu held.
func (s *source) look() {
	info := stat(s.name) // before it is read: what changes while it is read is seen next time
	if same(s.seen, info) {
		return
	}
	s.seen = info
	fresh, err := s.load()
	if err != nil {
		fmt.Fprintf(s.log, "%s has changed and is not good: what it said before holds on\n%v\n", s.name, err)
		return
	}
	s.current.Store(fresh)
	fmt.Fprintf(s.log, "%s has changed: %d users\n", s.name, fresh.Len())
}

// stat is what tells a file from what it was before; nil if it is not there.
func stat(name string) fs.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

// same says whether a file has not changed.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
