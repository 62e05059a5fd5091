package vfs

import "context"

// VersionFS is a store that keeps old versions of files.
type VersionFS interface {
	FS
	// Versions returns the stored versions of the file name, newest first. Each version is a file
	// whose Name is the argument for Restore. The file itself need not exist any more. Versions
	// returns ErrUnsupported if no versions are kept.
	Versions(ctx context.Context, name Path) ([]Info, error)
	// Restore makes the content of a version the content of the file. It returns ErrNotExist if
	// there is no such version.
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

// Restore restores a version of a file, or returns ErrUnsupported.
func Restore(ctx context.Context, fsys FS, name Path, version string) error {
	if f, ok := fsys.(VersionFS); ok {
		return f.Restore(ctx, name, version)
	}
	return errNoVersions
}
