package object

import (
	"context"
	"errors"
	"time"

	"filegate/backends/internal/spans"
	"filegate/core/vfs"
)

// abandonTimeout bounds what is still done for an upload that ends without Commit: the segments
// under way, the end that is kept, the deletion of the rest.
const abandonTimeout = 30 * time.Second

// Close implements [vfs.Writer]. What has arrived of a new file is kept, to be gone on with; of
// anything else it is deleted.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.done {
		w.mu.Unlock()
		return nil
	}
	w.done = true
	keep := w.resumable() && !w.up.unmarked && !w.discarded && w.size >= keepFrom && !errors.Is(w.up.err, vfs.ErrQuota) // what is kept would take room still
	unsure := w.pub.published
	w.mu.Unlock()
	if !keep {
		w.up.drop() // what has not begun to be sent need not
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

// keep sends what is in memory still, so that nothing has to come again that has come once.
func (w *Writer) keep() {
	// The session has ended, most likely: that is why the upload is cut off.
	ctx, cancel := context.WithTimeout(w.up.ctx, abandonTimeout)
	defer cancel()
	w.mu.Lock()
	var tail []*Segment
	for _, run := range append(spans.Set(nil), w.buf.dirty...) {
		if run.Off == w.layout.reach() { // behind a hole nothing can be gone on with
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

// release ends what is under way and gives the memory back.
func (w *Writer) release() {
	w.stopWaking()
	w.up.stop()
	w.shared.objects.Memory.Leave(w)
	w.shared.uploads.Known.Active.remove(w.up.upload)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.empty()
}

// abandon deletes the segments that no manifest names.
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
		err = nil // the file was removed, and its marker with it, while segments were still under way
	}
	if err != nil {
		w.shared.log.Warn("abandoned upload not deleted", "target", w.pub.target.String(), "err", err)
		return
	}
	w.shared.large.deleteSegments(ctx, names)
	w.shared.containers.DropSegments(ctx, w.pub.target)
}
