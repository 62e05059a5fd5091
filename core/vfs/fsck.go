package vfs

import (
	"context"
	"time"
)

// Finding is something that [FsckFS] has found in a store.
type Finding struct {
	Kind string // a short constant text, such as "ghost-row"
	Name string // of the object or the prefix, as the store names it: "/container/object"
	Text string // what is wrong, and what to do
	// Bytes is how many bytes are stored for nothing, if that is known.
	Bytes    int64
	Repaired bool
	// Advice is set if nothing is wrong: the finding is what could be done, or was done.
	Advice bool
}

// FsckOptions selects what [FsckFS] searches for, and receives what it finds. The functions must not
// be nil. They are called one at a time.
type FsckOptions struct {
	Container string // empty: all containers
	// Age is how long something must have been unchanged to be called an error. Younger things may
	// belong to an upload that is running, or to a listing that is not up to date.
	Age      time.Duration
	Repair   bool // repair what can be repaired without a risk
	ToStatic bool // convert dynamic large objects to static ones, or with Repair unset, list them
	Read     bool // read all files, and compare them with their checksums

	Found    func(Finding) error   // an error ends the search
	Note     func(text string)     // something that cannot be judged, and why
	Progress func(done, all int64) // objects; all may be an estimate
}

// FsckFS is a store that can search itself for errors.
type FsckFS interface {
	FS
	// Fsck searches the whole store that the login can reach for errors. It may take hours. It
	// changes nothing unless Repair is set, and it can be ended and begun again at any time.
	Fsck(ctx context.Context, opts FsckOptions) error
}

// Fsck searches a store for errors. It returns ErrUnsupported if the store cannot do that.
func Fsck(ctx context.Context, fsys FS, opts FsckOptions) error {
	if f, ok := fsys.(FsckFS); ok {
		return f.Fsck(ctx, opts)
	}
	return Errorf(ErrUnsupported, "this storage cannot search itself for errors")
}
