package vfs

import "context"

// RenameWriter is a Writer whose file can be renamed before it is committed.
type RenameWriter interface {
	Writer
	// Rename makes Commit publish the content under the name name. The caller has renamed the
	// stored file, if there is one, before. Commit replaces a file that exists under name, and
	// ignores WriteOptions.Exclusive and IfVersion, which concern the old name. After an error the
	// writer is unchanged. Like Truncate, Rename must not be called while another call is running.
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
	// Discard closes the writer like Close, but keeps nothing of the content.
	Discard() error
}

// Discard closes a writer, and keeps nothing of what it has received.
func Discard(w Writer) error {
	if d, ok := w.(DiscardWriter); ok {
		return d.Discard()
	}
	return w.Close()
}

// PlacedWriter is a Writer that may write under another name than the one with which it was opened,
// because that is the name of a link.
type PlacedWriter interface {
	Writer
	// Place returns the place of the file that is written, as in [PlaceFS].
	Place() Path
}

// WriterPlace returns the place of the file that w writes. name is the place with which w was
// opened; it is the result if the store has no PlacedWriter.
func WriterPlace(w Writer, name Path) Path {
	if p, ok := w.(PlacedWriter); ok {
		return p.Place()
	}
	return name
}
