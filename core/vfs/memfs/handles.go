package memfs

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"filegate/core/vfs"
)

// lister returns the names that existed at its start and still exist.
type lister struct {
	fs    *FS
	dir   *node
	names []string
}

func (l *lister) Next(ctx context.Context) ([]vfs.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.fs.mu.RLock()
	defer l.fs.mu.RUnlock()
	var page []vfs.Info
	for len(l.names) > 0 && len(page) < l.fs.pageSize() {
		name := l.names[0]
		l.names = l.names[1:]
		if n := l.dir.entries[name]; n != nil {
			page = append(page, n.info(name))
		}
	}
	if len(page) == 0 {
		return nil, io.EOF
	}
	return page, nil
}

func (l *lister) Close() error { return nil }

// chunk is how many bytes are moved between two checks of the context.
const chunk = 32 << 10

// file reads the content at the time of Open.
type file struct {
	ctx    context.Context
	data   []byte
	offset int64
	info   vfs.Info
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return readAt(f.data, p, off)
}

func (f *file) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for part := range slices.Chunk(f.data[min(f.offset, int64(len(f.data))):], chunk) {
		if err := f.ctx.Err(); err != nil {
			return total, err
		}
		n, err := w.Write(part)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, f.ctx.Err()
}

func (f *file) Close() error { return nil }

func (f *file) Info() vfs.Info { return f.info }

func readAt(data, p []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, vfs.ErrInvalid
	case off >= int64(len(data)):
		return 0, io.EOF
	}
	n := copy(p, data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// writer is new content. The FS does not know it before Commit.
type writer struct {
	ctx  context.Context
	fs   *FS
	name vfs.Path // with all links resolved
	base string   // name in its descriptions, which is that of OpenWriter
	opts vfs.WriteOptions
	next int64 // where ReadFrom continues

	mu     sync.RWMutex
	data   []byte
	attrs  vfs.Attrs
	closed bool
	failed error // the first error of a write; Commit returns it too
}

func (w *writer) WriteAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.resize(off, int64(len(p))); err != nil {
		return 0, w.fail(err)
	}
	if len(p) == 0 {
		return 0, nil
	}
	return copy(w.data[off:], p), nil
}

// resize makes room for n bytes at off. The caller holds the mutex.
func (w *writer) resize(off, n int64) error {
	switch {
	case w.closed:
		return vfs.ErrClosed
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case off < 0:
		return vfs.ErrInvalid
	case off > MaxSize-n:
		return vfs.ErrTooLarge
	}
	if missing := off + n - int64(len(w.data)); n > 0 && missing > 0 {
		if int(missing) > cap(w.data)-len(w.data) { // at least twice as much as before, so that little is copied
			w.data = slices.Grow(w.data, max(int(missing), len(w.data)))
		}
		w.data = append(w.data, make([]byte, missing)...)
	}
	return nil
}

func (w *writer) fail(err error) error {
	if w.failed == nil {
		w.failed = err
	}
	return err
}

func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	buf := make([]byte, chunk)
	for total := int64(0); ; {
		n, err := r.Read(buf)
		if n > 0 {
			n, werr := w.WriteAt(buf[:n], w.next)
			w.next += int64(n)
			total += int64(n)
			if werr != nil {
				return total, werr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return total, nil
		case err != nil:
			w.mu.Lock()
			defer w.mu.Unlock()
			return total, w.fail(err)
		}
	}
}

func (w *writer) ReadAt(p []byte, off int64) (int, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	switch {
	case w.closed:
		return 0, vfs.ErrClosed
	case w.ctx.Err() != nil:
		return 0, w.ctx.Err()
	}
	return readAt(w.data, p, off)
}

func (w *writer) Truncate(size int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if size < 0 {
		return vfs.ErrInvalid
	}
	if err := w.resize(0, size); err != nil {
		return err
	}
	// The capacity is reduced too, so that the dropped bytes do not reappear when the file grows.
	w.data = w.data[:size:size]
	return nil
}

func (w *writer) SetAttrs(attrs vfs.Attrs) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attrs = w.attrs.With(attrs)
	return nil
}

func (w *writer) Size() int64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return int64(len(w.data))
}

func (w *writer) Commit(ctx context.Context) (vfs.Info, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.failed != nil:
		return vfs.Info{}, w.failed
	case w.closed:
		return vfs.Info{}, vfs.ErrClosed
	case ctx.Err() != nil:
		return vfs.Info{}, ctx.Err()
	}
	w.closed = true

	w.fs.mu.Lock()
	defer w.fs.mu.Unlock()
	dir, old, err := w.fs.target(w.name, w.opts)
	if err != nil {
		return vfs.Info{}, err
	}
	w.fs.version++
	n := &node{mode: 0o644, modTime: time.Now(), version: w.fs.version, data: w.data}
	if w.opts.Mode != nil {
		n.mode = w.opts.Mode.Perm()
	}
	if old != nil {
		n.mode, n.uid, n.gid = old.mode, old.uid, old.gid
	}
	n.setAttrs(w.attrs)
	dir.entries[w.name.Base()] = n
	return n.info(w.base), nil
}

// Place implements [vfs.PlacedWriter].
func (w *writer) Place() vfs.Path { return w.name }

// Rename implements [vfs.RenameWriter].
func (w *writer) Rename(ctx context.Context, name vfs.Path) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.name, w.base = name, name.Base()
	w.opts.Exclusive, w.opts.IfVersion = false, "" // they concern the old name
	return nil
}

func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed, w.data = true, nil
	return nil
}
