package object

import (
	"context"
	"math"
	"sync"
	"time"

	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
)

// fewUploads is the initial number of segments of a file that are sent in parallel. While one is
// being stored, another one is sent.
const fewUploads = 2

// uploader sends the segments of a file. It adapts the number of parallel requests to the
// throughput, repeats requests that Swift temporarily refuses, and sends nothing that exceeds the
// quota of the container.
type uploader struct {
	shared *Writers
	parts  parts
	upload string          // upload ID
	free   func(...[]byte) // gives back the blocks of a segment; called with mu held
	room   quotaRoom
	// ctx is the context of the requests that send segments. They may continue after the call that
	// sealed the segment has returned. Close ends ctx after the last request.
	ctx    context.Context
	cancel context.CancelFunc
	queue  context.Context // of the segments that wait to be sent
	drop   context.CancelFunc
	sends  sync.WaitGroup

	resumable func() bool // reports whether the upload can be resumed if it is interrupted
	resumed   *CutOff     // the interrupted upload that this one resumes, or nil
	marking   sync.Once   // puts the marker before the first segment, see CutOff
	markErr   error
	// unmarked is set after unmark has deleted the marker. From then on the upload can no longer be
	// resumed.
	unmarked bool

	mu      *sync.Mutex // the writer's; guards the following fields
	wake    *sync.Cond  // signalled when a segment has been sent, or the context has ended
	marks   bool        // there is a marker, or may be one
	leaving int64       // bytes of memory that will be given back by the segments that are being sent
	sending int         // number of segments that are sealed and not stored yet
	flying  int         // number of segments whose request is running
	taken   bool        // Swift has stored a segment
	pace    pace.Pace
	err     error // the first error; it stays
}

// start makes the uploader usable. stop ends it.
func (u *uploader) start(ctx context.Context) {
	u.ctx, u.cancel = context.WithCancel(context.WithoutCancel(ctx))
	u.queue, u.drop = context.WithCancel(u.ctx)
	u.wake = sync.NewCond(u.mu)
	context.AfterFunc(u.queue, u.wakeAll)
}

// stop cancels all requests and waits for their end.
func (u *uploader) stop() {
	u.drop()
	u.cancel()
	u.sends.Wait()
}

// wakeAll wakes all waiting goroutines, so that they check their conditions.
func (u *uploader) wakeAll() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wake.Broadcast()
}

// begin starts sending a sealed segment. It is called with mu held.
func (u *uploader) begin(seg *Segment) {
	u.takeRoom(seg.size)
	u.sending++
	u.leaving += seg.memory()
	data := seg.data
	u.sends.Go(func() { u.send(seg, data) })
}

// send stores a segment. After an error, the upload fails.
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
	// The checksums are computed before the segment gets a slot: a segment waits here for the
	// previous one, which must not have to wait for a slot that this one holds.
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
		u.pace.JudgeBy(now.Sub(begun)) // the time in which several segments are sent
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

// fail records the first error. It is called with mu held.
func (u *uploader) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

// wait waits until no segment is being sent.
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

// drain waits for the segments that are being sent. Cancelling them would be quicker, but Swift may
// store such a segment even after it was deleted.
func (u *uploader) drain() {
	enough := time.AfterFunc(abandonTimeout, u.cancel)
	defer enough.Stop()
	u.sends.Wait()
}

// marked reports whether the upload may have a marker.
func (u *uploader) marked() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.marks
}
