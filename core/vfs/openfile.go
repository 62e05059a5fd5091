package vfs

import "context"

// RenameWriter is a Writer whose file can get another name before it is committed.
type RenameWriter interface {
	Writer
	// Rename makes Commit publish the content under another name. What had the writer's name in the
	// store, if anything, has been renamed to that name before; what has it nevertheless is
	// replaced. WriteOptions.Exclusive and IfVersion, which were about the old name, hold no more.
	// After an error the writer is as it was before the call. It is called like Truncate: with no
	// other call under way.
	Rename(ctx context.Context, name Path) error
}

// RenameOf makes a writer publish under another name, or returns ErrUnsupported.
func RenameOf(ctx context.Context, w Writer, name Path) error {
	if r, ok := w.(RenameWriter); ok {
		return r.Rename(ctx, name)
	}
	return Errorf(ErrUnsupported, "this store cannot rename what is being written")
}

// DiscardWriter is a Writer that may keep what it has received when it is closed, see
// [Info].Partial.
type DiscardWriter interface {
	Writer
	// Discard is Close, after which nothing of the content is kept.
	Discard() error
}

// Discard closes a writer and keeps nothing of what it has received.
func Discard(w Writer) error {
	if d, ok := w.(DiscardWriter); ok {
		return d.Discard()
	}
	return w.Close()
}

// PlacedWriter is a Writer that may write to another name than it was opened with, since that is a
// link's.
type PlacedWriter interface {
	Writer
	// Place returns the place of the file that is written, as [PlaceFS] has it.
	Place() Path
}

// WriterPlace returns the place of the file that a writer writes, which was opened by the place
// name.
func WriterPlace(w Writer, name Path) Path {
	if p, ok := w.(PlacedWriter); ok {
		return p.Place()
	}
	return name
}
