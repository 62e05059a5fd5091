package vfs

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// FS is one login's view of a store. It is safe for concurrent use.
//
// All methods return errors of the set in [Kinds], wrapped as the store sees fit, or the context's
// error.
type FS interface {
	// Stat describes what name is, following symbolic links. What this process has committed,
	// renamed or removed before is seen, also where the store's own listings lag.
	Stat(ctx context.Context, name Path) (Info, error)

	// List begins a listing of the directory name. It returns ErrNotExist or ErrNotDir here or on
	// the first Next. The context governs only this call; each Next brings its own.
	List(ctx context.Context, name Path) (Lister, error)

	// Open opens the file name for reading: ErrIsDir for a directory.
	// The context governs the returned File until it is closed.
	Open(ctx context.Context, name Path, opts OpenOptions) (File, error)

	// OpenWriter prepares a new content for the file name, or a change of the present one, as opts
	// say. Whatever can be refused before the first byte is refused here: ErrNotExist (no such
	// directory to be in, or no file and no Create), ErrExist (Exclusive), ErrIsDir, ErrPermission,
	// ErrQuota and ErrTooLarge (Size), ErrInvalid (Offset), ErrUnsupported (a way of writing that
	// the store does not have), ErrChanged (IfVersion). What only the store's answer to the content
	// tells is Commit's error. Where the login may not ask whether the directory is there, it is
	// taken to be. The context governs the returned Writer until it is closed, but not Commit,
	// which brings its own.
	OpenWriter(ctx context.Context, name Path, opts WriteOptions) (Writer, error)

	// Mkdir makes the directory name. ErrExist where anything is there already, ErrNotExist without
	// its parent. A directory stays until it is removed, also when its last entry goes, and also
	// where nobody made it but what is in it.
	Mkdir(ctx context.Context, name Path) error

	// Remove removes the file name: ErrIsDir for a directory.
	Remove(ctx context.Context, name Path) error

	// Rmdir removes the empty directory name: ErrNotEmpty, ErrNotDir.
	Rmdir(ctx context.Context, name Path) error

	// Rename gives the file or directory oldname the name newname. Without opts.Replace it returns
	// ErrExist where anything has the name newname already. With it, a file replaces a file and a
	// directory an empty directory; ErrExist or ErrNotEmpty where that has entries, ErrIsDir where
	// newname is a directory and oldname is none, ErrNotDir the other way round. ErrNotExist where
	// newname has no parent to be in. A failure leaves a file whole under at least one of its
	// names. Renaming to itself changes nothing, and a directory cannot move into itself:
	// ErrInvalidName. Nothing ever moves into a directory of the new name.
	Rename(ctx context.Context, oldname, newname Path, opts RenameOptions) error
}

// Info describes a file or directory.
type Info struct {
	Name    string      // last element of the path; "/" for the root
	Size    int64       // in bytes; 0 for a link; of a directory what is known to be in it, or 0
	Mode    fs.FileMode // type and permission bits
	ModTime time.Time

	// Links is what `ls -l` shows as the number of links. A store that counts what is in a
	// directory says it there; 0 is shown as 1.
	Links int64

	// UID and GID are the numbers of the owner and of the group, as a client has set them; 0 where
	// it has not, or the store keeps none.
	UID, GID int

	// Version changes whenever the content does, and is empty where the store has nothing of the
	// kind. It is opaque: good for OpenOptions.IfVersion and for comparing, not for showing.
	Version string

	// Partial says that this is an upload that was cut off: nothing is published under the name
	// yet, Size is what the store has received, and a Writer opened without Truncate goes on from
	// there.
	Partial bool
}

// IsDir says whether the entry is a directory.
func (i Info) IsDir() bool { return i.Mode.IsDir() }

// Lister gives out the entries of one directory, a page at a time, in no promised order, each once.
// It is used by one goroutine at a time.
type Lister interface {
	// Next returns the next page: at least one entry, or an error; io.EOF after the last page.
	// After an error it never returns io.EOF: a listing that lacks entries does not end as if it
	// were whole. The slice belongs to the caller.
	Next(ctx context.Context) ([]Info, error)
	// Close ends the listing. It may be called twice.
	Close() error
}

// OpenOptions say how a file is to be read. The zero value reads the whole of whatever is there.
type OpenOptions struct {
	Offset    int64  // where WriteTo begins, in bytes; at or behind the end it writes nothing
	IfVersion string // when not empty: ErrChanged unless the file still has this Info.Version
}

// File is a file opened for reading. ReadAt may be called from many goroutines at once; WriteTo and
// Close not.
type File interface {
	// ReadAt is never short except at the end of the file, where it returns io.EOF, with or without
	// bytes. All reads see the content that was there at Open. Where the store can no longer give
	// that out because the file was replaced, they return ErrChanged: never a mixture.
	io.ReaderAt
	// WriteTo writes everything from OpenOptions.Offset to the end. It may be called once. An error
	// means that w has not received the whole; nil that it has, and that the store's checksum
	// agreed where there is one.
	io.WriterTo
	// Close may be called twice.
	io.Closer
	// Info describes the file as it was opened.
	Info() Info
}

// WriteOptions say how a file is to be written. The zero value changes an existing file in place.
type WriteOptions struct {
	Create    bool // make the file if it is missing
	Exclusive bool // with Create: ErrExist if it is there, at OpenWriter and again at Commit
	Truncate  bool // begin empty, instead of with the present content
	Read      bool // the caller will also read, see ReadWriterAt

	// Offset is where ReadFrom begins, in bytes; AtEnd is behind the present content. Behind the
	// end of that, or of what is there of a cut-off upload, it is refused with ErrInvalid: the
	// client goes on with something that is not there, and zeros that nobody sent must not fill the
	// gap. With Truncate there is no content to go on with.
	Offset int64

	// Size is the final size in bytes where it is known beforehand, else 0. A store uses it to
	// choose its form and to refuse early; it does not hold the caller to it.
	Size int64

	// Mode is the mode of the file if it is made new: permission bits, which a store that keeps
	// modes shows. Nil: the store's own choice.
	Mode *fs.FileMode

	// IfVersion, when not empty, makes OpenWriter and Commit return ErrChanged unless the file
	// being replaced still has this Info.Version.
	IfVersion string
}

// AtEnd as WriteOptions.Offset places ReadFrom behind the present content: appending.
const AtEnd = -1

// OffsetBehindEnd returns the error for a WriteOptions.Offset that lies behind the end of a content
// of so many bytes.
func OffsetBehindEnd(offset, size int64) error {
	return Errorf(ErrInvalid, "cannot go on at byte %d: there are %d bytes", offset, size)
}

// Writer is the new content of a file in the making. WriteAt, Size and reads may be called from
// many goroutines at once; the other methods by one at a time, with no WriteAt under way.
type Writer interface {
	// WriteAt writes at any offset, in any order, and does not keep p. It waits only for memory or
	// the store's pace, never for another write. Bytes never written, below the final size, read as
	// zeros. Once a WriteAt or ReadFrom has failed, Commit fails too: the content is no longer what
	// the caller meant. ErrTooLarge and ErrQuota refuse an offset that the store cannot hold, or
	// not any more, before anything is done for it.
	io.WriterAt
	// ReadFrom writes everything that r has, from WriteOptions.Offset and then from where the last
	// ReadFrom ended.
	io.ReaderFrom
	// Truncate sets the size: what is behind it is dropped, what is missing reads as zeros.
	// ErrTooLarge and ErrQuota as of WriteAt.
	Truncate(size int64) error
	// SetAttrs sets attributes that Commit publishes with the content.
	SetAttrs(attrs Attrs) error
	// Size is the size the file would have if it were committed now.
	Size() int64
	// Commit publishes the content under the name, in one step, and returns when the store has it
	// for good, with what Stat would now say. On error the old content is still there, whole. It is
	// called at most once, and nothing but Close after it.
	Commit(ctx context.Context) (Info, error)
	// Close gives up whatever has not been committed. Nothing of it is published; a store that can
	// go on with a cut-off upload may keep what it received, see Info.Partial. It may be called
	// twice, and after Commit.
	io.Closer
}

// RenameOptions say what a rename may do to a file that has the new name.
type RenameOptions struct {
	Replace bool
}
