package users

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// source is the last good version of the file. Each use checks whether the file has changed.
type source struct {
	name    string
	load    func() (*content, error)
	log     io.Writer
	current atomic.Pointer[content]

	mu   sync.Mutex
	seen fs.FileInfo // nil: the file did not exist
}

// newSource reads the file. It fails if the file has mistakes.
func newSource(name string, load func() (*content, error), log io.Writer) (*source, error) {
	s := &source{name: name, load: load, log: log, seen: stat(name)}
	first, err := load()
	if err != nil {
		return nil, err
	}
	s.current.Store(first)
	return s, nil
}

// content returns the current content of the file, so that a removed user is refused at once.
func (s *source) content() *content {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.current.Load()
}

// look reads the file if it has changed. The caller must hold mu.
func (s *source) look() {
	info := stat(s.name) // before reading: a change during the read is found the next time
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

// stat returns the data by which a change of the file is found, or nil if the file does not exist.
func stat(name string) fs.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

// same reports whether the file has not changed.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
