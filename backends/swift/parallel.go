package swift

import (
	"context"
	"sync"
	"time"

	"filegate/core/vfs"
)

// What is no object takes a HEAD, a listing of what lies below the name, and now and then one of
// the uploads that were cut off. Where Swift is far away these leave together, and a free name is
// known as such after one round trip. Where there is an object after all, what leaves beside the
// HEAD was for nothing: a session that asks for what is there soon stops, until something is
// missing again.

const (
	// besideFrom is from where on that is worth it. Nearer, a client does not notice three round
	// trips in place of one, but Swift would notice a listing for each file that is asked for.
	besideFrom = 20 * time.Millisecond
	// maxInVain is how many questions in a row may leave beside a HEAD for nothing.
	maxInVain = 8
)

// parallelStats counts how often a session's parallel lookups were useful.
type parallelStats struct {
	mu     sync.Mutex
	inVain int // the latest, in a row
}

// worth reports whether another question is to leave beside a HEAD.
func (b *parallelStats) worth() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inVain < maxInVain
}

// wasInVain notes that a question has left beside the HEAD of an object.
func (b *parallelStats) wasInVain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inVain++
}

// wasUseful notes that a name had no object, whether a question has left beside its HEAD or not.
func (b *parallelStats) wasUseful() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inVain = 0
}

// parallelLookup is a lookup that runs at the same time as a HEAD.
type parallelLookup struct {
	end    context.CancelFunc
	unbind func() bool // from the context of the caller
	trip   time.Duration

	done chan struct{}
	info vfs.Info // when it is closed
	err  error
}

// askBeside has ask called beside a HEAD. It returns nil where Swift is too near for that, or it is
// not worth it.
func (g *guesses) askBeside(ctx context.Context, ask func(context.Context) (vfs.Info, error)) *parallelLookup {
	trip := g.backend.store.RTT.Get()
	if trip < g.backend.besideFrom || !g.beside.worth() {
		return nil
	}
	b := &parallelLookup{trip: trip, done: make(chan struct{})}
	// Not the context itself, which ends when the answer is no longer wanted.
	asking, end := context.WithCancelCause(context.WithoutCancel(ctx))
	b.end = func() { end(nil) }
	b.unbind = context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })
	g.backend.besides.Go(func() {
		defer close(b.done)
		b.info, b.err = ask(asking)
	})
	return b
}

// wait returns what ask has returned.
func (b *parallelLookup) wait() (vfs.Info, error) {
	<-b.done // which the end of the caller's context brings about
	b.unbind()
	b.end()
	return b.info, b.err
}

// unwanted lets an answer that nobody waits for come in all the same, for as long as it may be
// expected to: to end a request is to end its connection.
func (b *parallelLookup) unwanted() {
	if b != nil {
		b.unbind()
		time.AfterFunc(b.trip, b.end)
	}
}
