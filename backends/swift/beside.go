package swift

import (
	"context"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// What is no object takes a HEAD, a listing of what lies below the name, and now and then one of
// the uploads that were cut off. Where Swift is far away these leave together, and a free name is
// known as such after one round trip. Where there is an object after all, what leaves beside the
// HEAD was for nothing.

// besideFrom is from where on that is worth it. Nearer, a client does not notice three round trips
// in place of one, but Swift would notice a listing for each file that is asked for.
const besideFrom = 20 * time.Millisecond

// beside is a question that has left beside a HEAD.
type beside struct {
	end    context.CancelFunc
	unbind func() bool // from the context of who asks
	trip   time.Duration

	done chan struct{}
	info vfs.Info // when it is closed
	err  error
}

// askBeside asks for what lies below a name, in the way given, and whether its container has
// uploads that were cut off; nil where Swift is too near for it.
func (f *FS) askBeside(ctx context.Context, n api.Name, base string, w way) *beside {
	trip := f.backend.store.RTT.Get()
	if !w.mayBeNone || trip < f.backend.besideFrom {
		return nil
	}
	b := &beside{trip: trip, done: make(chan struct{})}
	// Not the context itself, which ends when the answer is no longer wanted.
	asking, end := context.WithCancelCause(context.WithoutCancel(ctx))
	b.end = func() { end(nil) }
	b.unbind = context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })
	f.backend.besides.Go(func() {
		defer close(b.done)
		var partials sync.WaitGroup
		if w.partials {
			// It remembers what it finds; who asks for it again hears what went wrong.
			partials.Go(func() { _, _ = f.mayHavePartials(asking, n) })
		}
		b.info, b.err = w.below(asking, n, base)
		partials.Wait()
	})
	return b
}

// wait returns what below has.
func (b *beside) wait() (vfs.Info, error) {
	<-b.done // which the end of the context of who asks brings about
	b.unbind()
	b.end()
	return b.info, b.err
}

// unwanted lets an answer that nobody waits for come in all the same, for as long as it may be
// expected to: to end a request is to end its connection.
func (b *beside) unwanted() {
	if b != nil {
		b.unbind()
		time.AfterFunc(b.trip, b.end)
	}
}
