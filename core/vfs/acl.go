package vfs

import "context"

// ACL is the access lists of a directory, in the store's own syntax.
type ACL struct{ Read, Write []string }

// ACLFS is a store in which the owner of a directory can give access to others.
type ACLFS interface {
	FS
	// ACL returns ErrPermission to all but the owner, and ErrUnsupported for a directory without
	// its own lists.
	ACL(ctx context.Context, name Path) (ACL, error)
	// SetACL replaces the lists that are not nil.
	SetACL(ctx context.Context, name Path, acl ACL) error
}

var errNoACL error = Errorf(ErrUnsupported, "this store has no access lists")

// ACLOf returns the access lists of a directory, or ErrUnsupported.
func ACLOf(ctx context.Context, fsys FS, name Path) (ACL, error) {
	if f, ok := fsys.(ACLFS); ok {
		return f.ACL(ctx, name)
	}
	return ACL{}, errNoACL
}

// SetACL changes the access lists of a directory, or returns ErrUnsupported.
func SetACL(ctx context.Context, fsys FS, name Path, acl ACL) error {
	if f, ok := fsys.(ACLFS); ok {
		return f.SetACL(ctx, name, acl)
	}
	return errNoACL
}
