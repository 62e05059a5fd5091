package vfs

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// Attrs are attributes to set; a nil field stays as it is.
type Attrs struct {
	ModTime    *time.Time
	AccessTime *time.Time
	Mode       *fs.FileMode // permission bits only
	UID, GID   *int
}

// With returns the attributes with those of more in their place, where there are any.
func (a Attrs) With(more Attrs) Attrs {
	if more.ModTime != nil {
		a.ModTime = more.ModTime
	}
	if more.AccessTime != nil {
		a.AccessTime = more.AccessTime
	}
	if more.Mode != nil {
		a.Mode = more.Mode
	}
	if more.UID != nil {
		a.UID = more.UID
	}
	if more.GID != nil {
		a.GID = more.GID
	}
	return a
}

// Over returns the description of a file with the attributes in it, as far as a description has
// them.
func (a Attrs) Over(info Info) Info {
	if a.ModTime != nil {
		info.ModTime = *a.ModTime
	}
	if a.Mode != nil {
		info.Mode = info.Mode.Type() | a.Mode.Perm()
	}
	if a.UID != nil {
		info.UID = *a.UID
	}
	if a.GID != nil {
		info.GID = *a.GID
	}
	return info
}

// IsZero says whether there is nothing to set.
func (a Attrs) IsZero() bool { return a == Attrs{} }

// AttrFS is a store that can set attributes of what is there already.
type AttrFS interface {
	FS
	// SetAttrs sets attributes of the file or directory name. What the store cannot keep it
	// ignores, unless that is all there was to do for one that clients rely on: ModTime of a file
	// is kept or ErrUnsupported.
	SetAttrs(ctx context.Context, name Path, attrs Attrs) error
}

// SetAttrs sets attributes of what is there already, or returns ErrUnsupported.
func SetAttrs(ctx context.Context, fsys FS, name Path, attrs Attrs) error {
	if f, ok := fsys.(AttrFS); ok {
		return f.SetAttrs(ctx, name, attrs)
	}
	return Errorf(ErrUnsupported, "this store keeps no attributes")
}

// ModeFS is a store that gives modes to what it makes: to a directory by MkdirMode, to a file by
// [WriteOptions].Mode. One that does not keep modes may take and forget them.
type ModeFS interface {
	FS
	// MkdirMode is Mkdir, with the permission bits of the directory.
	MkdirMode(ctx context.Context, name Path, mode fs.FileMode) error
}

// MkdirMode makes a directory with the permission bits in mode, or with the store's own where that
// is nil or the store does not take them.
func MkdirMode(ctx context.Context, fsys FS, name Path, mode *fs.FileMode) error {
	if f, ok := fsys.(ModeFS); ok && mode != nil {
		return f.MkdirMode(ctx, name, *mode)
	}
	return fsys.Mkdir(ctx, name)
}

// PartialFS is a store that keeps uploads that were cut off, see [Info].Partial.
type PartialFS interface {
	FS
	// Partials returns those of the files in the directory name, as far as the login may see them,
	// whether List shows them or not.
	Partials(ctx context.Context, name Path) ([]Info, error)
}

// Partials returns the cut-off uploads of the files in a directory; none where the store keeps
// none.
func Partials(ctx context.Context, fsys FS, name Path) ([]Info, error) {
	if f, ok := fsys.(PartialFS); ok {
		return f.Partials(ctx, name)
	}
	return nil, nil
}

// Space is what a store has room for, in bytes. A negative number is not known or without limit.
type Space struct {
	Total, Used, Free int64
}

// SpaceFS is a store that knows its limits.
type SpaceFS interface {
	FS
	// StatSpace tells the space that holds for files at or below name.
	StatSpace(ctx context.Context, name Path) (Space, error)
}

// StatSpace tells the space that holds for files at or below name, or returns ErrUnsupported.
func StatSpace(ctx context.Context, fsys FS, name Path) (Space, error) {
	if f, ok := fsys.(SpaceFS); ok {
		return f.StatSpace(ctx, name)
	}
	return Space{}, Errorf(ErrUnsupported, "this store does not tell its space")
}

// ReadWriterAt returns the reading side of a writer that was opened with WriteOptions.Read: its
// reads see its writes. It returns ErrUnsupported where the store has no such thing.
func ReadWriterAt(w Writer) (io.ReaderAt, error) {
	if r, ok := w.(io.ReaderAt); ok {
		return r, nil
	}
	return nil, Errorf(ErrUnsupported, "this store cannot read from a file that is being written")
}

// Truncate sets the size of the existing file name.
func Truncate(ctx context.Context, fsys FS, name Path, size int64) error {
	w, err := fsys.OpenWriter(ctx, name, WriteOptions{Truncate: size == 0})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Truncate(size); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}
