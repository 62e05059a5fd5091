package swift

import (
	"context"

	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// writerNames answers the questions of a login's writers about names.
type writerNames struct{ fs *FS }

var _ object.Names = writerNames{}

// Object implements [object.Names].
func (w writerNames) Object(p vfs.Path) (api.Name, error) { return w.fs.locateFile(p) }

// Path implements [object.Names].
func (w writerNames) Path(n api.Name) vfs.Path { return w.fs.plainest(n) }

// Lookup implements [object.Names].
func (w writerNames) Lookup(ctx context.Context, n api.Name, base string) (vfs.Info, api.Object, error) {
	return w.fs.lookup(ctx, n, base)
}

// Watch implements [object.Names].
func (w writerNames) Watch(n api.Name) func() bool { return w.fs.unchangedSince(n, w.fs.guess.now()) }

// MakeParents implements [object.Names]. Without implicit_directories, OpenWriter has checked that the
// parents exist.
func (w writerNames) MakeParents(ctx context.Context, n api.Name) error {
	if !w.fs.backend.cfg.ImplicitDirectories {
		return nil
	}
	return w.fs.prepareParent(ctx, n)
}

// Wrote implements [object.Names].
func (w writerNames) Wrote(n api.Name, size int64, header map[string]string) {
	w.fs.guess.wrote(n, size, header)
}
