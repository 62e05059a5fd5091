package object

import (
	"context"
	"log/slog"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// Writers opens the writers of one login, and is what they share.
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

// NewWriters returns the writers of a login. rtt is the round trip to the store.
func NewWriters(objects *Store, u *Uploads, r *Renames, rtt *pace.RTT, n Names) *Writers {
	return &Writers{
		client: u.client, log: u.log, lists: u.lists, objects: objects, containers: u.containers, large: u.large, uploads: u, renames: r,
		writing: u.writing, rtt: rtt, names: n,
	}
}

// Names is what a writer must ask about names, which it knows nothing of itself.
type Names interface {
	// Object returns the object that the path of a file stands for.
	Object(p vfs.Path) (api.Name, error)
	// Path returns the one path that stands for an object.
	Path(n api.Name) vfs.Path
	// Lookup looks at what has a name: an object, or a directory that is only a prefix. base is the
	// name that it is described by. Where nothing is there, the error is vfs.ErrNotExist.
	Lookup(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error)
	// Watch returns a function that reports whether what is looked up of a name after Watch is good
	// still.
	Watch(n api.Name) (unchanged func() bool)
	// MakeParents makes the directories that an object will be in, where the writer is to do that.
	MakeParents(ctx context.Context, n api.Name) error
	// Wrote takes note of a plain object that has been put, with its size in bytes and its header.
	Wrote(n api.Name, size int64, header map[string]string)
}
