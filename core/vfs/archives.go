package vfs

import "context"

// ArchiveFS is a store that keeps old versions of files in directories of their own, which have
// names like others.
type ArchiveFS interface {
	FS
	// Archives returns the places of the directories in which the store keeps old versions of what
	// lies at some names, or in the directories of those names.
	Archives(ctx context.Context, names []Path) ([]Path, error)
}

// Archives returns where old versions of what lies at some names can be reached beside them;
// nowhere in a store that has no such places.
func Archives(ctx context.Context, fsys FS, names []Path) ([]Path, error) {
	if f, ok := fsys.(ArchiveFS); ok && len(names) > 0 {
		return f.Archives(ctx, names)
	}
	return nil, nil
}
