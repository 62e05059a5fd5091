package object

import "context"

// quotaRoom is how much a container's quota permits for one upload: the whole quota, or nothing if
// no space is left. It is not the rest of the quota, because the size of the file is unknown before
// its end: Swift accepts an upload of unknown size as long as any space is left, and so does this
// package, but it refuses a file that is larger than the whole quota. It is for segments in another
// container, which Swift does not count.
type quotaRoom struct {
	asked   chan struct{} // closed when the container has been looked up; nil: the lookup has not begun
	limited bool          // it has a quota
	limit   int64         // largest number of bytes that may be sent in segments
	sealed  int64         // bytes in segments that were sent or are being sent
}

// askRoom looks up the file's container while the first segment is sent. It is called with mu held.
func (u *uploader) askRoom() {
	// Swift counts segments in the file's own container.
	if u.room.asked != nil || u.parts.place.Top() == u.parts.target.Top() {
		return
	}
	u.room.asked = make(chan struct{})
	u.sends.Go(func() {
		defer close(u.room.asked)
		space := u.shared.containers.meet(u.ctx, u.parts.target)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.room.limited = space.Total >= 0
		// Segments of this upload may already be counted.
		if u.room.limit = space.Total; space.Used-u.room.sealed >= space.Total {
			u.room.limit = 0
		}
		u.checkSealed()
	})
}

// takeRoom counts a segment that is about to be sent. If the segment exceeds the quota, the upload
// fails. It is called with mu held.
func (u *uploader) takeRoom(size int64) {
	u.askRoom()
	u.room.sealed += size
	u.checkSealed()
}

// checkSealed makes the upload fail if more bytes were sent than the quota allows. It is called
// with mu held.
func (u *uploader) checkSealed() {
	if u.room.limited && u.room.sealed > u.room.limit {
		u.fail(noRoom(u.room.sealed, u.room.limit))
	}
}

// checkRoom refuses to publish a large file if the container has reached its quota meanwhile. The
// segments are then deleted.
func (u *uploader) checkRoom(ctx context.Context) error {
	u.mu.Lock()
	asked := u.room.asked
	u.mu.Unlock()
	if asked == nil {
		return nil // nothing was sent
	}
	select {
	case <-asked:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err != nil || !u.room.limited {
		return u.err
	}
	u.mu.Unlock()
	space, err := u.shared.containers.containerSpace(ctx, u.parts.target)
	u.mu.Lock()
	if err == nil && space.Total >= 0 && space.Used-u.room.sealed >= space.Total {
		u.fail(noRoom(u.room.sealed, 0))
	}
	return u.err
}
