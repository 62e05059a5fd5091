package local

import (
	"os"
	"sync"

	"filegate/core/vfs"
)

var _ vfs.HomeFS = (*FS)(nil)

// home is the directory that is the root of an FS. The zero value is the root of the backend.
type home struct {
	name vfs.Path

	mu     sync.Mutex
	root   *os.Root // nil until it has been opened
	closed bool
}

// InHome implements [vfs.HomeFS]. The home directory is kept open, so that neither a link nor a
// moved directory leads out of it.
func (f *FS) InHome(name vfs.Path) vfs.FS {
	return &FS{Backend: f.Backend, home: home{name: f.home.name.Under(name)}}
}

// enter opens the home directory, unless it is open.
func (f *FS) enter() error {
	if f.home.name == "" || f.home.name.IsRoot() {
		return nil
	}
	f.home.mu.Lock()
	defer f.home.mu.Unlock()
	switch {
	case f.home.closed:
		return vfs.ErrClosed
	case f.home.root != nil:
		return nil
	}
	rel, err := local(f.home.name)
	if err != nil {
		return err
	}
	f.home.root, err = f.Backend.root.OpenRoot(rel)
	return err
}

// at returns the root of all names. The home directory must have been entered before.
func (f *FS) at() *os.Root {
	if f.home.name == "" || f.home.name.IsRoot() {
		return f.Backend.root
	}
	f.home.mu.Lock()
	defer f.home.mu.Unlock()
	return f.home.root
}

// Close closes the home directory, if there is one. Open files in it stay open.
func (f *FS) Close() error {
	f.home.mu.Lock()
	defer f.home.mu.Unlock()
	root := f.home.root
	f.home.closed = true
	if root == nil {
		return nil
	}
	return root.Close()
}
