package swift

import (
	"context"
	"sync"
	"time"

	"filegate/core/vfs"
)

// For a name without an object, a lookup takes a HEAD, a listing of what is below the name, and at
// times a listing of the interrupted uploads. If Swift is far away, these requests are sent at
// once, so that the answer "the name is free" takes one round trip. If there is an object, the
// requests beside the HEAD were useless: a session that asks for existing names stops sending them
// soon, until a name is missing again.

const (
	// besideFrom is the shortest round trip at which this is done. If Swift is nearer, a client
	// does not notice three round trips in place of one, but Swift would notice a listing for each
	// file that is asked for.
	besideFrom = 20 * time.Millisecond
	// maxInVain is how many useless parallel lookups in a row a session makes at most.
	maxInVain = 8
)

// parallelStats counts how often a session's parallel lookups were useful.
type parallelStats struct {
	mu     sync.Mutex
	inVain int // useless ones in a row, up to the latest
}

// worth reports whether to start another lookup beside a HEAD.
func (b *parallelStats) worth() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inVain < maxInVain
}

// wasInVain notes a parallel lookup that was useless, because the name had an object.
func (b *parallelStats) wasInVain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inVain++
}

// wasUseful notes that a name had no object, whether there was a parallel lookup or not.
func (b *parallelStats) wasUseful() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inVain = 0
}

// parallelLookup is a lookup that runs at the same time as a HEAD.
type parallelLookup struct {
	end    context.CancelFunc
	unbind func() bool // ends the link to the context of the caller
	trip   time.Duration

	done chan struct{}
	info vfs.Info // valid when done is closed
	err  error
}

// askBeside calls ask in parallel to a HEAD. It returns nil if Swift is too near, or if the latest
// parallel lookups were useless.
func (g *guesses) askBeside(ctx context.Context, ask func(context.Context) (vfs.Info, error)) *parallelLookup {
	trip := g.backend.store.RTT.Get()
	if trip < g.backend.besideFrom || !g.beside.worth() {
		return nil
	}
	b := &parallelLookup{trip: trip, done: make(chan struct{})}
	// The lookup does not use ctx itself, which ends when the answer is no longer needed.
	asking, end := context.WithCancelCause(context.WithoutCancel(ctx))
	b.end = func() { end(nil) }
	b.unbind = context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })
	g.backend.besides.Go(func() {
		defer close(b.done)
		b.info, b.err = ask(asking)
	})
	return b
}

// wait returns the result of ask.
func (b *parallelLookup) wait() (vfs.Info, error) {
	<-b.done // closed soon after the caller's context ends
	b.unbind()
	b.end()
	return b.info, b.err
}

// unwanted lets the request of a lookup that is no longer needed finish, for one more round trip:
// cancelling a request closes its connection.
func (b *parallelLookup) unwanted() {
	if b != nil {
		b.unbind()
		time.AfterFunc(b.trip, b.end)
	}
}
