package object

import (
	"context"
	"errors"
	"time"

	"filegate/backends/internal/spans"
	"filegate/core/vfs"
)

// abandonTimeout is the time limit for the cleanup of an upload that ends without Commit: waiting
// for the segments that are being sent, sending the rest if it is kept, and deleting segments if it
// is not.
const abandonTimeout = 30 * time.Second

// Close implements [vfs.Writer]. It keeps an interrupted upload that can be resumed. It deletes the
// segments of any other upload, unless the publishing request may have succeeded.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.done {
		w.mu.Unlock()
		return nil
	}
	w.done = true
	// An upload that exceeds the quota is not kept, because its segments would still take space.
	keep := w.resumable() && !w.up.unmarked && !w.discarded && w.size >= keepFrom && !errors.Is(w.up.err, vfs.ErrQuota)
	unsure := w.pub.published
	w.mu.Unlock()
	if !keep {
		w.up.drop() // segments that are still queued need not be sent
	}
	w.up.drain()
	if keep {
		w.keep()
	}
	w.release()
	if !keep && !unsure {
		w.abandon()
	}
	return nil
}

// keep sends the data that is still in memory, so that the client need not send it again.
func (w *Writer) keep() {
	// The session's context has probably ended, because the upload was interrupted. That of the
	// uploader has not.
	ctx, cancel := context.WithTimeout(w.up.ctx, abandonTimeout)
	defer cancel()
	w.mu.Lock()
	var tail []*Segment
	for _, run := range append(spans.Set(nil), w.buf.dirty...) {
		if run.Off == w.layout.reach() { // after a hole, an upload cannot be resumed
			tail = append(tail, w.cut(run.Off, run.End))
		}
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, seg := range tail {
			w.buf.free(seg.blocks...)
			seg.data, seg.blocks = nil, nil
		}
	}()
	for _, seg := range tail {
		err := seg.sum(ctx, seg.data)
		if err == nil {
			err = w.up.sendSegment(ctx, seg, seg.data)
		}
		if err != nil {
			w.shared.log.Warn("end of a cut-off upload not kept", "target", w.pub.target.String(), "err", err)
			return
		}
	}
}

// release ends all requests and gives back the memory.
func (w *Writer) release() {
	w.stopWaking()
	w.up.stop()
	w.shared.objects.Memory.Leave(w)
	w.shared.uploads.Known.Active.remove(w.up.upload)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.empty()
}

// abandon deletes the marker and the segments of an upload that is not kept.
func (w *Writer) abandon() {
	if len(w.up.parts.names()) == 0 && !w.up.unmarked && !(w.discarded && w.up.resumed != nil) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.up.ctx), abandonTimeout)
	defer cancel()
	names := w.up.parts.names()
	if w.up.resumed != nil {
		names = append(names, w.up.resumed.segments...)
	}
	err := w.up.unmark(ctx)
	if w.discarded && errors.Is(err, vfs.ErrChanged) {
		err = nil // the file was removed with its marker, while segments were still being sent
	}
	if err != nil {
		w.shared.log.Warn("abandoned upload not deleted", "target", w.pub.target.String(), "err", err)
		return
	}
	w.shared.large.deleteSegments(ctx, names)
	w.shared.containers.DropSegments(ctx, w.pub.target)
}
