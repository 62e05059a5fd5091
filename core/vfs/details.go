package vfs

import (
	"context"
	"time"
)

// Details are the expiry, content type and metadata that a store keeps for a file.
type Details struct {
	Expires time.Time         // when the store deletes the file; zero: never
	Type    string            // MIME type of the content
	Meta    map[string]string // keys in lower case
}

// DetailChange is a change of details. Fields that are not set stay unchanged.
type DetailChange struct {
	Expires *time.Time        // zero: never
	Meta    map[string]string // an empty value removes the key
}

// DetailFS is a store that keeps details of files, and of directories as far as it can.
type DetailFS interface {
	FS
	Details(ctx context.Context, name Path) (Details, error)
	// ChangeDetails changes details. It returns ErrInvalid for an invalid key or time.
	ChangeDetails(ctx context.Context, name Path, change DetailChange) error
}

var errNoDetails error = Errorf(ErrUnsupported, "this store keeps no metadata")

// DetailsOf returns the details of a file, or ErrUnsupported.
func DetailsOf(ctx context.Context, fsys FS, name Path) (Details, error) {
	if f, ok := fsys.(DetailFS); ok {
		return f.Details(ctx, name)
	}
	return Details{}, errNoDetails
}

// ChangeDetails changes the details of a file, or returns ErrUnsupported.
func ChangeDetails(ctx context.Context, fsys FS, name Path, change DetailChange) error {
	if f, ok := fsys.(DetailFS); ok {
		return f.ChangeDetails(ctx, name, change)
	}
	return errNoDetails
}
