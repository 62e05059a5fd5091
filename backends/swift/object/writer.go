package object

import (
	"context"
	"io"
	"sync"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/core/vfs"
)

// Writer is the new content of a file. Written bytes stay in the buffer until enough of them are
// contiguous. Then they are sealed as a segment, which the uploader sends while further bytes
// arrive. Commit makes the publisher publish the file.
type Writer struct {
	shared        *Writers
	opened        context.Context // the context of OpenWriter: calls of methods fail when it has ended
	stopWaking    func() bool
	wholeSegments bool  // a large file consists of whole segments, with nothing else in their place
	pos           int64 // where the next ReadFrom begins

	// mu guards the following fields, and those fields of buf, up and pub that nothing else guards.
	mu      sync.Mutex
	buf     buffer
	up      uploader
	pub     publisher
	size    int64
	layout  Layout      // the sealed bytes, over the content at opening
	chain   chain       // checksums along layout
	anew    overwritten // for a file that the login may not read
	changed bool        // the content differs from the content at opening
	touched time.Time   // time of the last write
	done    bool        // committed or closed
	// discarded is set if the content must not be kept.
	discarded bool
	// committing is set while Commit may be sending the bytes in memory, which must then stay
	// unchanged.
	committing bool
}

var _ vfs.Writer = (*Writer)(nil)

// segmentSize returns the size of the next segment, in bytes. It grows with the file, so that a
// large file does not need too many segments.
func (w *Writer) segmentSize() int64 {
	const each = 256 // number of segments of one size
	cfg := w.shared.writing
	return min(cfg.SegmentSize<<min(w.up.parts.count()/each, 20), cfg.MaxSegmentSize)
}

// sealsAt returns the end of the next segment if it begins at off and enough bytes arrive.
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

// readFromSize is the size of a read in ReadFrom, in bytes.
const readFromSize = 64 * kib

// ReadFrom implements [vfs.Writer]. It takes a block only for bytes that have arrived, because a
// client that sends nothing must not hold memory.
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

// wrote records bytes that are now in their block, and seals complete segments. It is called with
// mu held.
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
	// More than a segment, and not just one: a file that fits into the first segment is stored as a
	// plain object.
	for run.Len() > w.segmentSize() {
		end := w.sealsAt(run.Off)
		w.seal(run.Off, end)
		run.Off = end
	}
	w.sumAhead(run)
	return nil
}

// seal makes a segment of the bytes from off to end, which must all be dirty, and starts sending
// it. It is called with mu held.
func (w *Writer) seal(off, end int64) {
	w.up.begin(w.cut(off, end))
}

// cut makes a segment of the bytes from off to end, which must all be dirty. It is called with mu
// held.
func (w *Writer) cut(off, end int64) *Segment {
	seg := &Segment{name: w.up.parts.next(off), size: end - off, link: w.chain.seal(off, end)}
	seg.data, seg.blocks = w.buf.take(off, end)
	w.layout.put(seg, off)
	w.up.parts.add(seg)
	return seg
}

// resumable reports whether the upload can be resumed if it is interrupted. A change of an existing
// file cannot be resumed: if it is interrupted, the file stays unchanged.
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
