package vfs

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// Attrs are attributes to set. A nil field is not changed.
type Attrs struct {
	ModTime    *time.Time
	AccessTime *time.Time
	Mode       *fs.FileMode // permission bits only
	UID, GID   *int
}

// With returns the attributes, with those that more sets replaced.
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

// Over returns a copy of the description with the attributes applied.
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

// IsZero reports whether no attribute is set.
func (a Attrs) IsZero() bool { return a == Attrs{} }

// AttrFS is a store that can set attributes of existing files and directories.
type AttrFS interface {
	FS
	// SetAttrs sets attributes of the file or directory name. It ignores attributes that the store
	// cannot keep, but returns ErrUnsupported if ModTime of a file is the only attribute and cannot
	// be kept, because clients rely on it.
	SetAttrs(ctx context.Context, name Path, attrs Attrs) error
}

// SetAttrs sets attributes of an existing file or directory, or returns ErrUnsupported.
func SetAttrs(ctx context.Context, fsys FS, name Path, attrs Attrs) error {
	if f, ok := fsys.(AttrFS); ok {
		return f.SetAttrs(ctx, name, attrs)
	}
	return Errorf(ErrUnsupported, "this store keeps no attributes")
}

// ModeFS is a store that accepts modes for new directories (MkdirMode) and new files
// ([WriteOptions].Mode). A store that does not keep modes may ignore them.
type ModeFS interface {
	FS
	// MkdirMode is Mkdir with permission bits for the directory.
	MkdirMode(ctx context.Context, name Path, mode fs.FileMode) error
}

// MkdirMode creates a directory with the permission bits in mode. If mode is nil, or the store does
// not accept modes, the store chooses.
func MkdirMode(ctx context.Context, fsys FS, name Path, mode *fs.FileMode) error {
	if f, ok := fsys.(ModeFS); ok && mode != nil {
		return f.MkdirMode(ctx, name, *mode)
	}
	return fsys.Mkdir(ctx, name)
}

// PartialFS is a store that keeps interrupted uploads, see [Info].Partial.
type PartialFS interface {
	FS
	// Partials returns the interrupted uploads in the directory name that the login may see,
	// including those that List hides.
	Partials(ctx context.Context, name Path) ([]Info, error)
}

// Partials returns the interrupted uploads in a directory, or none if the store keeps none.
func Partials(ctx context.Context, fsys FS, name Path) ([]Info, error) {
	if f, ok := fsys.(PartialFS); ok {
		return f.Partials(ctx, name)
	}
	return nil, nil
}

// Space is the space of a store in bytes. A negative number means unknown or unlimited.
type Space struct {
	Total, Used, Free int64
}

// SpaceFS is a store that knows its limits.
type SpaceFS interface {
	FS
	// StatSpace returns the space for files at or below name.
	StatSpace(ctx context.Context, name Path) (Space, error)
}

// StatSpace returns the space for files at or below name, or ErrUnsupported.
func StatSpace(ctx context.Context, fsys FS, name Path) (Space, error) {
	if f, ok := fsys.(SpaceFS); ok {
		return f.StatSpace(ctx, name)
	}
	return Space{}, Errorf(ErrUnsupported, "this store does not tell its space")
}

// ReadWriterAt returns the reading side of a writer that was opened with WriteOptions.Read. Its
// reads see the writes of the writer. It returns ErrUnsupported if the store does not support this.
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
