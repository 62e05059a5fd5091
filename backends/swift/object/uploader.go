package object

import (
	"context"
	"math"
	"sync"
	"time"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
)

// fewUploads is how many segments of a file are sent at the same time unless more are faster: while
// Swift has one stored, another one comes.
const fewUploads = 2

// uploader sends the segments of a file: so many at a time as bring the most, again where Swift refuses
// one for a while, and none where the quota of the container has no room for it.
type uploader struct {
	shared *Writers
	parts  parts
	upload string          // its id
	free   func(...[]byte) // takes the blocks of a segment back, with mu held
	room   room
	ctx    context.Context // governs the segments under way, which outlive the call that sealed them: ends with Close, when they have come to their end
	cancel context.CancelFunc
	queue  context.Context // governs those that wait to be sent
	drop   context.CancelFunc
	sends  sync.WaitGroup

	resumable func() bool // reports whether the upload can be gone on with when it is cut off
	resumed   *CutOff     // the cut-off upload that this one goes on with
	marking   sync.Once   // marks the upload before its first segment, see CutOff
	markErr   error
	// unmarked says that the marker is gone, for Commit: a cut-off upload it is no longer.
	unmarked bool

	mu      *sync.Mutex // the writer's; it guards what follows
	wake    *sync.Cond  // when a segment has been sent, or the context has ended
	marks   bool        // the upload is, or may be, marked
	leaving int64       // bytes of memory that the segments under way will give back
	sending int         // segments under way: sealed, and not in Swift yet
	flying  int         // of them, those that Swift is getting
	taken   bool        // Swift has one
	pace    pace.Pace
	err     error // what has gone wrong first; it stays
}

// start lets the uploader send, until the context ends or stop is called.
func (u *uploader) start(ctx context.Context) {
	u.ctx, u.cancel = context.WithCancel(context.WithoutCancel(ctx))
	u.queue, u.drop = context.WithCancel(u.ctx)
	u.wake = sync.NewCond(u.mu)
	context.AfterFunc(u.queue, u.wakeAll)
}

// stop ends all that is under way, and waits for it.
func (u *uploader) stop() {
	u.drop()
	u.cancel()
	u.sends.Wait()
}

// wakeAll lets all that wait look whether there is still something to wait for.
func (u *uploader) wakeAll() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wake.Broadcast()
}

// begin sends a sealed segment off. It is called with mu held.
func (u *uploader) begin(seg *Segment) {
	u.takeRoom(seg.size)
	u.sending++
	u.leaving += seg.memory()
	data := seg.data
	u.sends.Go(func() { u.send(seg, data) })
}

// send puts a segment into Swift. A failure fails the upload.
func (u *uploader) send(seg *Segment, data api.Pieces) {
	err := u.sendInTurn(seg, data)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sending--
	u.leaving -= seg.memory()
	seg.data = nil
	u.free(seg.blocks...)
	seg.blocks = nil
	if err != nil {
		u.fail(api.Translate(err))
	}
	u.wake.Broadcast()
}

func (u *uploader) sendInTurn(seg *Segment, data api.Pieces) error {
	// Before its turn: a segment waits here for the one before it, which must not be waiting for
	// this one's slot.
	if err := seg.sum(u.queue, data); err != nil {
		return err
	}
	u.mu.Lock()
	for u.flying >= u.pace.Streams && u.queue.Err() == nil {
		u.wake.Wait()
	}
	u.flying++
	u.mu.Unlock()
	begun := time.Now()
	err := context.Cause(u.queue)
	if err == nil {
		err = u.sendSegment(u.ctx, seg, data)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.flying--
	if now := time.Now(); err == nil {
		u.pace.JudgeBy(now.Sub(begun)) // in which several come and go
		u.pace.Moved(seg.size)
		u.pace.Decide(now, math.MaxInt64)
	}
	return err
}

func (u *uploader) sendSegment(ctx context.Context, seg *Segment, data api.Pieces) error {
	if u.resumable() {
		u.marking.Do(func() {
			u.mu.Lock()
			u.marks = true
			u.mu.Unlock()
			u.markErr = u.mark(ctx)
		})
		if u.markErr != nil {
			return u.markErr
		}
	}
	u.mu.Lock()
	eager := u.taken
	u.mu.Unlock()
	err := u.shared.large.PutSegment(ctx, u.parts.target, seg, data, eager)
	if err == nil && !eager {
		u.mu.Lock()
		u.taken = true
		u.mu.Unlock()
	}
	return err
}

// fail notes what went wrong first. It is called with mu held.
func (u *uploader) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

// wait waits until no segment is under way.
func (u *uploader) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, u.wakeAll)
	defer stop()
	u.mu.Lock()
	defer u.mu.Unlock()
	for u.sending > 0 && u.err == nil && ctx.Err() == nil {
		u.wake.Wait()
	}
	if u.err != nil {
		return u.err
	}
	return ctx.Err()
}

// drain waits for the segments under way. To cut them off would be quicker, but Swift may have such
// a segment all the same, and later than it is deleted.
func (u *uploader) drain() {
	enough := time.AfterFunc(abandonTimeout, u.cancel)
	defer enough.Stop()
	u.sends.Wait()
}

// marked reports whether there may be a marker of the upload.
func (u *uploader) marked() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.marks
}
