package vfs

import (
	"context"
	"time"
)

// Details is what a store keeps of a file beside its attributes.
type Details struct {
	Expires time.Time         // when the store deletes it; zero: never
	Type    string            // of its content, as MIME has it
	Meta    map[string]string // by keys in lower case
}

// DetailChange is what is to be changed; the rest stays.
type DetailChange struct {
	Expires *time.Time        // zero: never
	Meta    map[string]string // an empty value takes the key away
}

// DetailFS is a store that keeps details of files, and of directories as far as it can.
type DetailFS interface {
	FS
	Details(ctx context.Context, name Path) (Details, error)
	// ChangeDetails returns ErrInvalid for a key or a time that cannot be.
	ChangeDetails(ctx context.Context, name Path, change DetailChange) error
}

var errNoDetails error = Errorf(ErrUnsupported, "this store keeps no metadata")

// DetailsOf returns what the store keeps of a file, or ErrUnsupported.
func DetailsOf(ctx context.Context, fsys FS, name Path) (Details, error) {
	if f, ok := fsys.(DetailFS); ok {
		return f.Details(ctx, name)
	}
	return Details{}, errNoDetails
}

// ChangeDetails changes what the store keeps of a file, or returns ErrUnsupported.
func ChangeDetails(ctx context.Context, fsys FS, name Path, change DetailChange) error {
	if f, ok := fsys.(DetailFS); ok {
		return f.ChangeDetails(ctx, name, change)
	}
	return errNoDetails
}
