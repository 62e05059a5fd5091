package object

import "context"

// room is what the quota of a container leaves to an upload whose segments Swift does not count.
// Nobody knows the size of the file before its end, and Swift takes an upload of unknown size as
// long as the quota leaves anything at all. So it is here, but that no file can be larger than the
// whole quota.
type room struct {
	asked   chan struct{} // closed when the container has been looked at; nil: it is not looked at yet
	limited bool          // it has a quota
	limit   int64         // the most bytes of segments that may be sent
	sealed  int64         // bytes of segments sent so far, or under way
}

// askRoom looks at the container of the file, beside the first segment. It is called with mu held.
func (w *Writer) askRoom() {
	if w.room.asked != nil || w.parts.place.Top() == w.target.Top() { // there Swift counts
		return
	}
	w.room.asked = make(chan struct{})
	w.sends.Go(func() {
		defer close(w.room.asked)
		space := w.shared.containers.meet(w.ctx, w.target)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.room.limited = space.Total >= 0
		if w.room.limit = space.Total; space.Used-w.room.sealed >= space.Total { // some of what is on its way may be counted already
			w.room.limit = 0
		}
		w.checkSealed()
	})
}

// takeRoom notes that a segment is about to be sent, and fails the upload where the quota has no
// room for it. It is called with mu held.
func (w *Writer) takeRoom(size int64) {
	w.askRoom()
	w.room.sealed += size
	w.checkSealed()
}

// checkSealed fails the upload where more has been sent than the quota allows. It is called with mu
// held.
func (w *Writer) checkSealed() {
	if w.room.limited && w.room.sealed > w.room.limit {
		w.fail(noRoom(w.room.sealed, w.room.limit))
	}
}

// checkRoom refuses to publish a large file, all of whose segments are stored, where the container
// has reached its quota meanwhile. They go then.
func (w *Writer) checkRoom(ctx context.Context) error {
	w.mu.Lock()
	asked := w.room.asked
	w.mu.Unlock()
	if asked == nil {
		return nil // nothing was sent
	}
	select {
	case <-asked:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil || !w.room.limited {
		return w.err
	}
	w.mu.Unlock()
	space, err := w.shared.containers.containerSpace(ctx, w.target)
	w.mu.Lock()
	if err == nil && space.Total >= 0 && space.Used-w.room.sealed >= space.Total {
		w.fail(noRoom(w.room.sealed, 0))
	}
	return w.err
}
