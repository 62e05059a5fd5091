package object

import (
	"context"
	"log/slog"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// Writers opens the writers of one login, and holds what they share. It also copies files.
type Writers struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	objects    *Store
	containers *Containers
	large      *Large
	uploads    *Uploads
	renames    *Renames
	writing    *Writing
	rtt        *pace.RTT
	names      Names
}

// NewWriters returns the writers of a login. rtt is the round-trip time to the store.
func NewWriters(objects *Store, u *Uploads, r *Renames, rtt *pace.RTT, n Names) *Writers {
	return &Writers{
		client: u.client, log: u.log, lists: u.lists, objects: objects, containers: u.containers, large: u.large, uploads: u, renames: r,
		writing: u.writing, rtt: rtt, names: n,
	}
}

// Names answers a writer's questions about paths and names.
type Names interface {
	// Object returns the object for the path of a file.
	Object(p vfs.Path) (api.Name, error)
	// Path returns the only path for an object.
	Path(n api.Name) vfs.Path
	// Lookup returns the object with a name, or the directory if the name is only a prefix. base is
	// the name in the returned Info. The error is vfs.ErrNotExist if there is nothing.
	Lookup(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error)
	// Watch returns a function that reports whether results of look-ups of a name since the call of
	// Watch are still valid.
	Watch(n api.Name) (unchanged func() bool)
	// MakeParents creates the parent directories of an object, if the writer has to.
	MakeParents(ctx context.Context, n api.Name) error
	// Wrote records a plain object that was put, with its size in bytes and its header.
	Wrote(n api.Name, size int64, header map[string]string)
}
