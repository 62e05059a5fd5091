package vfs

import "context"

// ArchiveFS is a store that keeps old versions of files in separate directories, which clients can
// reach under ordinary names.
type ArchiveFS interface {
	FS
	// Archives returns the places of the directories with old versions of the files at or below the
	// given names.
	Archives(ctx context.Context, names []Path) ([]Path, error)
}

// Archives returns the places of the directories with old versions of the files at or below the
// given names. It returns none if the store is no ArchiveFS.
func Archives(ctx context.Context, fsys FS, names []Path) ([]Path, error) {
	if f, ok := fsys.(ArchiveFS); ok && len(names) > 0 {
		return f.Archives(ctx, names)
	}
	return nil, nil
}
