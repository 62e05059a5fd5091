// Package local is a backend that keeps files in a directory of the machine's own. It runs on
// Linux.
//
// Every login sees the same directory; what part of it is a user's home is the session's business.
// Nothing outside of the directory can be reached: links are followed inside of it, and one that
// leads out is refused.
//
// A file is written beside its place, under a hidden name (.filegate-upload-…), and renamed to its
// own by Commit, when all of it is on the disk. What a process that was killed has left of such
// files is seen by no client, and goes when the directory is next listed or removed.
//
// The suite is core/vfs/vfstest; the tests here are about links, leftovers, modes and what else a
// client cannot see.
//
// # Decisions
//
// A change in place begins with a copy of the old content, which a file system that shares blocks
// makes at no cost. Writing into the file itself would show a half-done change to readers, and a
// lost connection would leave one.
//
// Links are followed by their names first (see behind), and then by os.Root, so that what is
// written to a link arrives where it leads. Between the two somebody else may change one: a file
// may then come to lie where the link led before, or replace the link, but never outside.
//
// Owners that a client sends are ignored: the numbers are those of its machine, and mean nothing on
// this one.
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

// Kind returns the backend as the gateway lists it.
func Kind() backend.Kind {
	return backend.Kind{Name: "local", Config: func() backend.Config { return new(Config) }}
}

// Config is the options of a local backend.
type Config struct {
	// Root is the directory that the files are kept in.
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

// Backend is a directory that is open.
type Backend struct {
	root *os.Root
	// publishing makes a Commit's last look at the old version and its rename one step, among all
	// writers of this backend.
	publishing sync.Mutex
}

// Open implements [backend.Backend]. All logins see the same directory.
func (b *Backend) Open(context.Context, backend.Login) (vfs.FS, error) { return &FS{Backend: b}, nil }

// Close implements [backend.Backend].
func (b *Backend) Close() error { return b.root.Close() }
