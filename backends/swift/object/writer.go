package object

import (
	"context"
	"io"
	"sync"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/core/vfs"
)

// Writer is the new content of a file. What has been written lies in the buffer until enough of it lies
// together to be sealed: made a segment, which the uploader sends while more comes in. Commit has the
// publisher make all of it the file.
type Writer struct {
	shared     *Writers
	opened     context.Context // that of OpenWriter: what the caller does ends with it
	stopWaking func() bool
	dlo        bool  // the form of a large file is that of a dynamic large object
	pos        int64 // where the next ReadFrom begins

	mu      sync.Mutex // guards the three too, as far as they do not say otherwise
	buf     buffer
	up      uploader
	pub     publisher
	size    int64
	layout  Layout    // what has been sealed, over what was there at opening
	chain   chain     // of it, for the checksums of the file
	anew    anew      // where what has the name cannot be looked at
	changed bool      // the content is another than at opening
	touched time.Time // when something was written last
	done    bool      // committed, or closed
	// discarded says that nothing of it is kept.
	discarded bool
	// committing says that what is in memory may be on its way to Swift: it stays as it is.
	committing bool
}

var _ vfs.Writer = (*Writer)(nil)

// segmentSize is what the next segment is to have, in bytes: growing, so that a large file does not
// need too many.
func (w *Writer) segmentSize() int64 {
	const each = 256 // segments of one size
	cfg := w.shared.writing
	return min(cfg.SegmentSize<<min(w.up.parts.count()/each, 20), cfg.MaxSegmentSize)
}

// sealsAt is where the next segment ends if it begins at off and enough comes.
func (w *Writer) sealsAt(off int64) int64 {
	return (off + w.segmentSize()) / buffers.BlockSize * buffers.BlockSize
}

// WriteAt implements [vfs.Writer].
func (w *Writer) WriteAt(p []byte, off int64) (int, error) {
	bad := w.checkEnd(off, int64(len(p)))
	w.mu.Lock()
	defer w.mu.Unlock()
	if bad != nil {
		w.up.fail(bad)
		return 0, w.up.err
	}
	written := 0
	for len(p) > 0 {
		n := int(min(int64(len(p)), buffers.BlockSize-off%buffers.BlockSize))
		block, err := w.block(off/buffers.BlockSize, off%buffers.BlockSize+int64(n))
		if err != nil {
			w.up.fail(err)
			return written, err
		}
		w.chain.writeOver(off, off+int64(n))
		copy(block[off%buffers.BlockSize:], p[:n])
		if err := w.wrote(off, int64(n)); err != nil {
			return written, err
		}
		p, off, written = p[n:], off+int64(n), written+n
	}
	return written, nil
}

// readFromSize is how much ReadFrom reads at once, in bytes.
const readFromSize = 64 * kib

// ReadFrom implements [vfs.Writer]. What has not come yet has no block: a client that stands still
// would keep it from the others.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	buf := make([]byte, readFromSize)
	var total int64
	for {
		n, readErr := r.Read(buf)
		written, err := w.WriteAt(buf[:n], w.pos)
		w.pos, total = w.pos+int64(written), total+int64(written)
		switch {
		case err != nil:
			return total, err
		case readErr == io.EOF:
			return total, nil
		case readErr != nil:
			w.mu.Lock()
			w.up.fail(readErr)
			w.mu.Unlock()
			return total, readErr
		}
	}
}

// wrote notes bytes that are in their block now, and seals what has come together. It is called
// with mu held.
func (w *Writer) wrote(off, n int64) error {
	if w.up.err != nil {
		return w.up.err
	}
	if w.done {
		return vfs.ErrClosed
	}
	w.size = max(w.size, off+n)
	w.changed, w.touched = true, time.Now()
	if w.pub.blind {
		w.anew.written.Add(off, off+n)
	}
	run := w.buf.dirty.Add(off, off+n)
	// More than a segment, not just one: a file that fits into the first segment is to be stored
	// without any.
	for run.Len() > w.segmentSize() {
		end := w.sealsAt(run.Off)
		w.seal(run.Off, end)
		run.Off = end
	}
	w.sumAhead(run)
	return nil
}

// seal makes a segment of the bytes from off to end, all of them dirty, and sends it off. It is
// called with mu held.
func (w *Writer) seal(off, end int64) {
	w.up.begin(w.cut(off, end))
}

// cut makes a segment of the bytes from off to end, all of them dirty. It is called with mu held.
func (w *Writer) cut(off, end int64) *Segment {
	seg := &Segment{name: w.up.parts.next(off), size: end - off, link: w.chain.seal(off, end)}
	seg.data, seg.blocks = w.buf.take(off, end)
	w.layout.put(seg, off)
	w.up.parts.add(seg)
	return seg
}

// resumable reports whether the upload can be gone on with when it is cut off: one that changes
// what is there already leaves that as it was.
func (w *Writer) resumable() bool {
	_, ok := MarkerName(w.pub.target, w.up.upload)
	return ok && !w.pub.old.Exists() && !w.pub.blind && !w.pub.opts.Exclusive && w.shared.writing.Retention > 0
}

// Truncate implements [vfs.Writer].
func (w *Writer) Truncate(size int64) error {
	if err := w.checkEnd(size, 0); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.anew.truncated = true
	w.anew.written.Remove(size, max(size, w.size))
	w.chain.truncate(size, w.shared.writing)
	if size < w.size {
		w.buf.drop(size, w.size)
		w.layout.cut(size, w.size)
	}
	w.changed = w.changed || size != w.size
	w.size, w.touched = size, time.Now()
	return w.up.err
}

// SetAttrs implements [vfs.Writer].
func (w *Writer) SetAttrs(attrs vfs.Attrs) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pub.attrs = w.pub.attrs.With(attrs)
	return nil
}

// Size implements [vfs.Writer].
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}
