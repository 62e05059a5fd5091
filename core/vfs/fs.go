package vfs

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// FS is one login's view of a store. It is safe for concurrent use.
//
// All methods return errors of the set in [Kinds], possibly wrapped, or the error of the context.
type FS interface {
	// Stat describes the file or directory name. It follows symbolic links. It sees all earlier
	// commits, renames and removals of this process, even if the store's own listings lag.
	Stat(ctx context.Context, name Path) (Info, error)

	// List begins a listing of the directory name. ErrNotExist and ErrNotDir are returned here or
	// by the first Next. The context governs only this call; each Next takes its own.
	List(ctx context.Context, name Path) (Lister, error)

	// Open opens the file name for reading. It returns ErrIsDir for a directory. The context
	// governs the returned File until it is closed.
	Open(ctx context.Context, name Path, opts OpenOptions) (File, error)

	// OpenWriter prepares new content for the file name, or a change of its present content,
	// according to opts. It returns all errors that can be known before the first byte: ErrNotExist
	// (the directory does not exist, or the file does not exist and Create is false), ErrNotDir (an
	// element of the path is a file), ErrExist (Exclusive), ErrIsDir, ErrPermission, ErrQuota and
	// ErrTooLarge (Size), ErrInvalid (Offset), ErrUnsupported (the store cannot write in this way),
	// ErrChanged (IfVersion). Commit returns the errors that only the store's answer to the content
	// shows. If the login has no right to
	// look up the directory, the directory is assumed to exist. The context governs the returned
	// Writer until it is closed, except for Commit, which takes its own.
	OpenWriter(ctx context.Context, name Path, opts WriteOptions) (Writer, error)

	// Mkdir creates the directory name. It returns ErrExist if the name is taken, and ErrNotExist
	// if the parent does not exist. A directory exists until it is removed, even after its last
	// entry is removed, and even if it was never created but only implied by its entries.
	Mkdir(ctx context.Context, name Path) error

	// Remove removes the file name. It returns ErrIsDir for a directory.
	Remove(ctx context.Context, name Path) error

	// Rmdir removes the empty directory name. It returns ErrNotEmpty or ErrNotDir.
	Rmdir(ctx context.Context, name Path) error

	// Rename renames the file or directory oldname to newname. Without opts.Replace it returns
	// ErrExist if newname exists. With opts.Replace a file replaces a file, and a directory
	// replaces an empty directory. Rename then returns ErrExist or ErrNotEmpty if the directory
	// newname has entries, ErrIsDir if newname is a directory and oldname is not, and ErrNotDir in
	// the opposite case. It returns ErrNotExist if the parent of newname does not exist, and
	// ErrInvalidName if a directory would move into itself. Renaming to the same name changes
	// nothing. Nothing is ever moved into the directory newname. After a failure, a file is
	// complete under at least one of its names.
	Rename(ctx context.Context, oldname, newname Path, opts RenameOptions) error
}

// Info describes a file or directory.
type Info struct {
	Name    string      // last element of the path; "/" for the root
	Size    int64       // in bytes; 0 for a link; of a directory what is known to be in it, or 0
	Mode    fs.FileMode // type and permission bits
	ModTime time.Time

	// Links is the number of links that `ls -l` shows. A store that counts the entries of a
	// directory sets it for directories. 0 is shown as 1.
	Links int64

	// UID and GID are the owner and group that a client has set; 0 if none was set or the store
	// does not keep them.
	UID, GID int

	// Version changes whenever the content changes. It is empty if the store has no versions. It is
	// opaque: use it for OpenOptions.IfVersion and for comparison, not for display.
	Version string

	// Partial reports whether this is an interrupted upload: nothing is published under the name
	// yet, Size is the number of bytes that the store has received, and a Writer that is opened
	// without Truncate continues there.
	Partial bool
}

// IsDir reports whether the entry is a directory.
func (i Info) IsDir() bool { return i.Mode.IsDir() }

// Lister returns the entries of one directory page by page, each entry once, in no defined order.
// It is used by one goroutine at a time.
type Lister interface {
	// Next returns the next page with at least one entry, or an error; io.EOF after the last page.
	// After another error it never returns io.EOF, so that an incomplete listing does not look
	// complete. The caller owns the slice.
	Next(ctx context.Context) ([]Info, error)
	// Close ends the listing. It may be called twice.
	Close() error
}

// OpenOptions are options for reading a file. The zero value reads the whole file.
type OpenOptions struct {
	Offset    int64  // where WriteTo begins, in bytes; at or behind the end it writes nothing
	IfVersion string // when not empty: ErrChanged unless the file still has this Info.Version
}

// File is a file opened for reading. ReadAt may be called by several goroutines at once; WriteTo
// and Close may not.
type File interface {
	// ReadAt is never short except at the end of the file, where it returns io.EOF, with or without
	// bytes. All reads return the content at the time of Open. If the file was replaced and the
	// store no longer has this content, reads return ErrChanged, never a mixture.
	io.ReaderAt
	// WriteTo writes everything from OpenOptions.Offset to the end. It may be called once. A nil
	// error means that w has received all of it, and that the store's checksum matched if there is
	// one.
	io.WriterTo
	// Close may be called twice.
	io.Closer
	// Info describes the file at the time of Open.
	Info() Info
}

// WriteOptions are options for writing a file. The zero value changes an existing file in place.
type WriteOptions struct {
	Create    bool // make the file if it is missing
	Exclusive bool // with Create: ErrExist if it is there, at OpenWriter and again at Commit
	Truncate  bool // begin empty, instead of with the present content
	Read      bool // the caller will also read, see ReadWriterAt

	// Offset is the position in bytes at which ReadFrom begins; AtEnd is the end of the present
	// content. An offset behind the end of the content, or behind the received part of an
	// interrupted upload, is ErrInvalid: the client continues a file that is not there, and the gap
	// must not be filled with zeros that nobody sent. With Truncate there is no content to
	// continue.
	Offset int64

	// Size is the final size in bytes if it is known, else 0. A store uses it to choose its format
	// and to refuse early. The caller may write more or less.
	Size int64

	// Mode has the permission bits of a new file, for stores that keep modes. Nil: the store
	// chooses.
	Mode *fs.FileMode

	// If IfVersion is not empty, OpenWriter and Commit return ErrChanged unless the file still has
	// this Info.Version.
	IfVersion string
}

// AtEnd as WriteOptions.Offset appends: ReadFrom begins at the end of the present content.
const AtEnd = -1

// OffsetBehindEnd returns the error for a WriteOptions.Offset behind the end of a content of size
// bytes.
func OffsetBehindEnd(offset, size int64) error {
	return Errorf(ErrInvalid, "cannot go on at byte %d: there are %d bytes", offset, size)
}

// Writer is the new, unpublished content of a file. WriteAt, Size and reads may be called by
// several goroutines at once. All other methods are called by one goroutine at a time, while no
// WriteAt runs.
type Writer interface {
	// WriteAt writes at any offset, in any order, and does not keep p. It waits only for memory or
	// for the store, never for another write. Bytes below the final size that were never written
	// read as zeros. After a failed WriteAt or ReadFrom, Commit fails too, because the content is
	// not what the caller meant. An offset that the store cannot hold is refused at once with
	// ErrTooLarge or ErrQuota.
	io.WriterAt
	// ReadFrom writes everything from r, beginning at WriteOptions.Offset, and then where the last
	// ReadFrom ended.
	io.ReaderFrom
	// Truncate sets the size. It drops what is behind the new size; missing bytes read as zeros. It
	// returns ErrTooLarge and ErrQuota as WriteAt does.
	Truncate(size int64) error
	// SetAttrs sets attributes that Commit publishes with the content.
	SetAttrs(attrs Attrs) error
	// Size returns the size that the file would have if it were committed now.
	Size() int64
	// Commit publishes the content under the name in one step. It returns when the store has stored
	// it permanently, with the result of a Stat. On error the old content is still there, complete.
	// It is called at most once, and only Close may follow.
	Commit(ctx context.Context) (Info, error)
	// Close discards everything that is not committed. A store that can continue interrupted
	// uploads may keep what it has received, see Info.Partial. Close may be called twice, and after
	// Commit.
	io.Closer
}

// RenameOptions are options of a rename. Replace allows it to replace an existing file or empty
// directory.
type RenameOptions struct {
	Replace bool
}
