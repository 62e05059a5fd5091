// Package local implements a backend that stores files in a directory of the local machine. It runs
// on Linux.
//
// Every login sees the same directory; the session confines a user to a home directory. Nothing
// outside of the directory can be reached: links are followed inside of it, and a link that leads
// outside is refused.
//
// A file is written under a hidden name (.filegate-upload-…) in its directory. Commit syncs it to
// the disk and renames it. Clients never see the hidden files that a killed process has left; they
// are removed when their directory is next listed or removed.
//
// The suite is core/vfs/vfstest. The tests here cover links, leftovers, modes, and other things
// that clients cannot see.
//
// # Decisions
//
// A change in place begins with a copy of the old content, which costs nothing on file systems that
// share blocks. Writing into the file itself would show an incomplete change to readers, and a lost
// connection would leave one behind.
//
// Links are followed first by name (see behind) and then by os.Root, so that a write to a link
// reaches its target. If another process changes a link between the two, a file may end up at the
// old target, or replace the link, but never outside of the directory.
//
// Owners that a client sends are ignored: the numbers belong to the client's machine and mean
// nothing here.
package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"filegate/core/backend"
	"filegate/core/vfs"
)

// Kind returns the backend kind "local".
func Kind() backend.Kind {
	return backend.Kind{Name: "local", Config: func() backend.Config { return new(Config) }}
}

// Config holds the options of a backend "local" block.
type Config struct {
	// Root is the directory with the files.
	Root string `hcl:"root"`
}

var (
	_ backend.Config = (*Config)(nil)
	_ backend.Storer = (*Config)(nil)
)

// Directories implements [backend.Storer].
func (c *Config) Directories() []string { return []string{c.Root} }

// Validate implements [backend.Config].
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	if !filepath.IsAbs(c.Root) {
		report("root", "The directory is not an absolute path",
			fmt.Sprintf("%q depends on where filegate is started. Write the whole path, like \"/srv/files\".", c.Root))
		return
	}
	switch info, err := os.Stat(c.Root); {
	case err != nil:
		report("root", "The directory cannot be used", fmt.Sprintf("%v. Create it, or correct the path.", err))
	case !info.IsDir():
		report("root", "The path is not a directory", fmt.Sprintf("%q is a file. Name the directory that the files are kept in.", c.Root))
	}
}

// New implements [backend.Config].
func (c *Config) New(backend.Env) (backend.Backend, error) {
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return nil, fmt.Errorf("open the root directory: %w", err)
	}
	return &Backend{root: root}, nil
}

// Backend is an open directory.
type Backend struct {
	root *os.Root
	// publishing makes Commit's check of the old version and its rename atomic among all writers of
	// this backend.
	publishing sync.Mutex
}

// Open implements [backend.Backend]. All logins see the same directory.
func (b *Backend) Open(context.Context, backend.Login) (vfs.FS, error) { return &FS{Backend: b}, nil }

// Close implements [backend.Backend].
func (b *Backend) Close() error { return b.root.Close() }
