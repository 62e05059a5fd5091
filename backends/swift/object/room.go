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
func (u *uploader) askRoom() {
	if u.room.asked != nil || u.parts.place.Top() == u.parts.target.Top() { // there Swift counts
		return
	}
	u.room.asked = make(chan struct{})
	u.sends.Go(func() {
		defer close(u.room.asked)
		space := u.shared.containers.meet(u.ctx, u.parts.target)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.room.limited = space.Total >= 0
		if u.room.limit = space.Total; space.Used-u.room.sealed >= space.Total { // some of what is on its way may be counted already
			u.room.limit = 0
		}
		u.checkSealed()
	})
}

// takeRoom notes that a segment is about to be sent, and fails the upload where the quota has no
// room for it. It is called with mu held.
func (u *uploader) takeRoom(size int64) {
	u.askRoom()
	u.room.sealed += size
	u.checkSealed()
}

// checkSealed fails the upload where more has been sent than the quota allows. It is called with mu
// held.
func (u *uploader) checkSealed() {
	if u.room.limited && u.room.sealed > u.room.limit {
		u.fail(noRoom(u.room.sealed, u.room.limit))
	}
}

// checkRoom refuses to publish a large file, all of whose segments are stored, where the container
// has reached its quota meanwhile. They go then.
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
