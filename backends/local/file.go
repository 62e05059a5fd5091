package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"filegate/core/vfs"
)

// file is a file open for reading. Commit creates a new inode, so an open file keeps its content.
type file struct {
	ctx    context.Context
	under  *os.File
	offset int64
	info   vfs.Info
}

func (f *file) ReadAt(p []byte, off int64) (int, error) { return readAt(f.ctx, f.under, p, off) }

func readAt(ctx context.Context, under *os.File, p []byte, off int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, vfs.Errorf(vfs.ErrInvalid, "the offset is negative")
	}
	n, err := under.ReadAt(p, off)
	return n, translate(err)
}

func (f *file) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, &reader{file: f, next: f.offset})
}

// reader reads a file from an offset on. It translates the errors of reading, so that io.Copy
// returns errors of the writer unchanged.
type reader struct {
	file *file
	next int64
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.file.ReadAt(p, r.next)
	r.next += int64(n)
	return n, err
}

func (f *file) Info() vfs.Info { return f.info }

func (f *file) Close() error { return closeFile(f.under) }

// closeFile closes a file. It ignores that the file is already closed.
func closeFile(f *os.File) error {
	if err := f.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return translate(err)
	}
	return nil
}
