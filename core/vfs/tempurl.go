package vfs

import (
	"context"
	"time"
)

// TempURLFS is a store that gives out addresses by which anybody reads or writes one file for some
// time, without a login.
type TempURLFS interface {
	FS
	// TempURL returns an address that is good until a time for one method, "GET" or "PUT". The file
	// need not be there. The key that it is signed by is never told; where there is none, the error
	// says who can set one.
	TempURL(ctx context.Context, name Path, method string, until time.Time) (string, error)
}

// TempURL returns an address of a file that is good for some time, or ErrUnsupported.
func TempURL(ctx context.Context, fsys FS, name Path, method string, until time.Time) (string, error) {
	if f, ok := fsys.(TempURLFS); ok {
		return f.TempURL(ctx, name, method, until)
	}
	return "", Errorf(ErrUnsupported, "this store has no temporary addresses")
}
