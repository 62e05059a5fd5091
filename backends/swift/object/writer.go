package object

import (
	"context"
	"io"
	"math"
	"sync"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/pace"
	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// wakeAll lets all that wait look whether there is still something to wait for.
func (w *Writer) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake.Broadcast()
}

// Writer is the new content of a file. What has been written lies in blocks until enough of it lies
// together to be sealed: made a segment that is sent while more comes in.
type Writer struct {
	shared     *Writers
	opened     context.Context // that of OpenWriter: what the caller does ends with it
	ctx        context.Context // governs the segments under way, which outlive it: ends with Close, when they have come to their end
	cancel     context.CancelFunc
	queue      context.Context // governs those that wait to be sent
	drop       context.CancelFunc
	stopWaking func() bool
	target     api.Name
	base       string // of the file's name
	opts       vfs.WriteOptions
	limits     api.Limits
	old        api.Object  // what had the name when it was asked for, if it existed
	unchanged  func() bool // reports whether old is good still
	overtaken  []api.Name  // segments of what has come to the name since
	blind      bool        // what has the name cannot be looked at
	anew       anew        // where blind
	upload     string
	parts      parts
	dlo        bool // the form of a large file is that of a dynamic large object
	begun      time.Time
	sends      sync.WaitGroup
	pos        int64 // where the next ReadFrom begins
	room       room
	superseded *CutOff // a cut-off upload of the same file that this one takes the place of

	resumed *CutOff // the cut-off upload that this one goes on with

	marking sync.Once // marks the upload before its first segment, see partial
	markErr error
	marks   bool // it is, or may be, marked
	// unmarked says that the marker is gone, for Commit: a cut-off upload it is no longer.
	unmarked bool

	mu      sync.Mutex
	wake    *sync.Cond // when a segment has been sent, or the context has ended
	size    int64
	blocks  map[int64][]byte // by offset / buffers.BlockSize; of each, the bytes that dirty names
	dirty   spans.Set        // what has been written and not sealed; it lies over layout
	layout  Layout           // what has been sealed, over what was there at opening
	chain   chain            // of it, for the checksums of the file
	held    int              // blocks that this writer has, those of segments under way included
	leaving int64            // bytes of memory that the segments under way will give back
	sending int              // segments under way: sealed, and not in Swift yet
	flying  int              // of them, those that Swift is getting
	taken   bool             // Swift has one
	pace    pace.Pace        // of the segments
	changed bool             // the content is another than at opening
	touched time.Time        // when something was written last
	err     error            // what has gone wrong first; it stays
	// published says that the segments may be a file's by now: the request that makes them so has
	// been made.
	published bool
	attrs     vfs.Attrs
	sums      vfs.Sums // of what has been published
	done      bool     // committed, or closed
	discarded bool     // nothing of it is kept
	// committing says that what is in memory may be on its way to Swift: it stays as it is.
	committing bool
}

var _ vfs.Writer = (*Writer)(nil)

// segmentSize is what the next segment is to have, in bytes: growing, so that a large file does not
// need too many.
func (w *Writer) segmentSize() int64 {
	const each = 256 // segments of one size
	cfg := w.shared.writing
	return min(cfg.SegmentSize<<min(w.parts.count()/each, 20), cfg.MaxSegmentSize)
}

// sealsAt is where the next segment ends if it begins at off and enough comes.
func (w *Writer) sealsAt(off int64) int64 {
	return (off + w.segmentSize()) / buffers.BlockSize * buffers.BlockSize
}

// fewUploads is how many segments of a file are sent at the same time unless more are faster: while
// Swift has one stored, another one comes.
const fewUploads = 2

// WriteAt implements [vfs.Writer].
func (w *Writer) WriteAt(p []byte, off int64) (int, error) {
	bad := w.checkEnd(off, int64(len(p)))
	w.mu.Lock()
	defer w.mu.Unlock()
	if bad != nil {
		w.fail(bad)
		return 0, w.err
	}
	written := 0
	for len(p) > 0 {
		n := int(min(int64(len(p)), buffers.BlockSize-off%buffers.BlockSize))
		block, err := w.block(off/buffers.BlockSize, off%buffers.BlockSize+int64(n))
		if err != nil {
			w.fail(err)
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
			w.fail(readErr)
			w.mu.Unlock()
			return total, readErr
		}
	}
}

// wrote notes bytes that are in their block now, and seals what has come together. It is called
// with mu held.
func (w *Writer) wrote(off, n int64) error {
	if w.err != nil {
		return w.err
	}
	if w.done {
		return vfs.ErrClosed
	}
	w.size = max(w.size, off+n)
	w.changed, w.touched = true, time.Now()
	if w.blind {
		w.anew.written.Add(off, off+n)
	}
	run := w.dirty.Add(off, off+n)
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
	seg := w.cut(off, end)
	w.takeRoom(seg.size)
	w.sending++
	w.leaving += seg.memory()
	data := seg.data
	w.sends.Go(func() { w.send(seg, data) })
}

// cut makes a segment of the bytes from off to end, all of them dirty. It is called with mu held.
func (w *Writer) cut(off, end int64) *Segment {
	w.dirty.Remove(off, end)
	seg := &Segment{name: w.parts.next(off), size: end - off, link: w.chain.seal(off, end)}
	for at := off; at < end; {
		i := at / buffers.BlockSize
		hi := min(end, (i+1)*buffers.BlockSize)
		part := w.blocks[i][at-i*buffers.BlockSize : hi-i*buffers.BlockSize]
		if w.dirty.Touches(i*buffers.BlockSize, (i+1)*buffers.BlockSize) {
			part = append([]byte(nil), part...) // the rest of the block is still being written
		} else {
			seg.blocks = append(seg.blocks, w.blocks[i])
			delete(w.blocks, i)
		}
		seg.data = append(seg.data, part)
		at = hi
	}
	w.layout.put(seg, off)
	w.parts.add(seg)
	return seg
}

// send puts a segment into Swift. A failure fails the upload.
func (w *Writer) send(seg *Segment, data api.Pieces) {
	err := w.sendInTurn(seg, data)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sending--
	w.leaving -= seg.memory()
	seg.data = nil
	w.free(seg.blocks...)
	seg.blocks = nil
	if err != nil {
		w.fail(api.Translate(err))
	}
	w.wake.Broadcast()
}

func (w *Writer) sendInTurn(seg *Segment, data api.Pieces) error {
	// Before its turn: a segment waits here for the one before it, which must not be waiting for
	// this one's slot.
	if err := seg.sum(w.queue, data); err != nil {
		return err
	}
	w.mu.Lock()
	for w.flying >= w.pace.Streams && w.queue.Err() == nil {
		w.wake.Wait()
	}
	w.flying++
	w.mu.Unlock()
	begun := time.Now()
	err := context.Cause(w.queue)
	if err == nil {
		err = w.sendSegment(w.ctx, seg, data)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flying--
	if now := time.Now(); err == nil {
		w.pace.JudgeBy(now.Sub(begun)) // in which several come and go
		w.pace.Moved(seg.size)
		w.pace.Decide(now, math.MaxInt64)
	}
	return err
}

func (w *Writer) sendSegment(ctx context.Context, seg *Segment, data api.Pieces) error {
	if w.resumable() {
		w.marking.Do(func() {
			w.mu.Lock()
			w.marks = true
			w.mu.Unlock()
			w.markErr = w.mark(ctx)
		})
		if w.markErr != nil {
			return w.markErr
		}
	}
	w.mu.Lock()
	eager := w.taken
	w.mu.Unlock()
	err := w.shared.large.PutSegment(ctx, w.target, seg, data, eager)
	if err == nil && !eager {
		w.mu.Lock()
		w.taken = true
		w.mu.Unlock()
	}
	return err
}

// resumable reports whether the upload can be gone on with when it is cut off: one that changes
// what is there already leaves that as it was.
func (w *Writer) resumable() bool {
	_, ok := MarkerName(w.target, w.upload)
	return ok && !w.old.Exists() && !w.blind && !w.opts.Exclusive && w.shared.writing.Retention > 0
}

// marked reports whether there may be a marker of the upload.
func (w *Writer) marked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.marks
}

// fail notes what went wrong first. It is called with mu held.
func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
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
		w.dirty.Remove(size, w.size)
		w.layout.cut(size, w.size)
		for i, block := range w.blocks {
			if !w.dirty.Touches(i*buffers.BlockSize, (i+1)*buffers.BlockSize) {
				delete(w.blocks, i)
				w.free(block)
			}
		}
	}
	w.changed = w.changed || size != w.size
	w.size, w.touched = size, time.Now()
	return w.err
}

// SetAttrs implements [vfs.Writer].
func (w *Writer) SetAttrs(attrs vfs.Attrs) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attrs = w.attrs.With(attrs)
	return nil
}

// modTime is the time that the file will have.
func (w *Writer) modTime() time.Time {
	if w.attrs.ModTime != nil {
		return *w.attrs.ModTime
	}
	return w.begun
}

// Size implements [vfs.Writer].
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}
