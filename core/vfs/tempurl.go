package vfs

import (
	"context"
	"time"
)

// TempURLFS is a store that can create temporary URLs, with which anybody can read or write one
// file without a login.
type TempURLFS interface {
	FS
	// TempURL returns a URL that is valid until a time for one method, "GET" or "PUT". The file
	// need not exist. The signing key is never shown. If there is no key, the error says who can
	// set one.
	TempURL(ctx context.Context, name Path, method string, until time.Time) (string, error)
}

// TempURL returns a temporary URL of a file, or ErrUnsupported.
func TempURL(ctx context.Context, fsys FS, name Path, method string, until time.Time) (string, error) {
	if f, ok := fsys.(TempURLFS); ok {
		return f.TempURL(ctx, name, method, until)
	}
	return "", Errorf(ErrUnsupported, "this store has no temporary addresses")
}
