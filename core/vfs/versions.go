package vfs

import "context"

// VersionFS is a store that keeps old versions of files.
type VersionFS interface {
	FS
	// Versions returns the versions of the file name that are kept, the latest first, each as a
	// file whose Name is what Restore takes. The file itself need not be there any more. It returns
	// ErrUnsupported where no versions are kept.
	Versions(ctx context.Context, name Path) ([]Info, error)
	// Restore makes the content of a version the content of the file again. It returns ErrNotExist
	// for a version that is none.
	Restore(ctx context.Context, name Path, version string) error
}

var errNoVersions error = Errorf(ErrUnsupported, "this store keeps no versions")

// Versions returns the versions of a file, or ErrUnsupported.
func Versions(ctx context.Context, fsys FS, name Path) ([]Info, error) {
	if f, ok := fsys.(VersionFS); ok {
		return f.Versions(ctx, name)
	}
	return nil, errNoVersions
}

// Restore brings a version of a file back, or returns ErrUnsupported.
func Restore(ctx context.Context, fsys FS, name Path, version string) error {
	if f, ok := fsys.(VersionFS); ok {
		return f.Restore(ctx, name, version)
	}
	return errNoVersions
}
