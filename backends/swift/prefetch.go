package swift

import (
	"context"
	"net/http"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
)

// prefetched is an object that was opened before the client asked for it.
type prefetched struct {
	*object.Opening
	asked requestTime
	watch listing.Stamp // left before, see watch
}

// open makes the GET. The error is not translated.
func (g *guesses) open(ctx context.Context, n api.Name, off int64) (*prefetched, error) {
	asked := g.now()
	a, err := g.objects.Open(ctx, n, off)
	if err != nil {
		return nil, err
	}
	return &prefetched{Opening: a, asked: asked}, nil
}

// Who fetches one file after the other asks for each, and then opens it. Where that is what a
// client does, the first question is answered by the GET, of which the body waits for the client to
// come for it; that is one request for both.

// prefetcher opens files that a client is about to open.
type prefetcher struct {
	mu     sync.Mutex
	asked  api.Name // what was asked for last
	at     time.Time
	opened bool // it was opened, from its beginning, at once
	held   *prefetched
	expiry *time.Timer
}

// look is head for a client who may be about to open the file.
func (g *guesses) look(ctx context.Context, n api.Name) (api.Object, error) {
	held, likely := g.ahead.ask(n)
	switch {
	case held != nil && g.isCurrent(ctx, held):
		return held.Object, nil
	case !likely:
		return g.client.Head(ctx, n)
	}
	w, ok := g.lists.Watch(ctx, n)
	if !ok {
		return g.client.Head(ctx, n)
	}
	o, err := g.open(ctx, n, 0)
	if err == nil {
		o.watch = w
	}
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return api.Object{}, err
	case err != nil: // what cannot be read may be looked at all the same
		return g.client.Head(ctx, n)
	case !o.IsFile(), o.Object.ThroughLink: // of a change of what a link leads to nothing is known here
		o.Drop()
		return o.Object, nil
	}
	if !o.Unbind() { // the client has gone
		o.Drop()
		return api.Object{}, context.Cause(ctx)
	}
	g.ahead.hold(o, g.backend.nearFor)
	return o.Object, nil
}

// openToRead is open for a client who reads, with what has been opened for him already.
func (g *guesses) openToRead(ctx context.Context, n api.Name, off int64) (*prefetched, error) {
	held := g.ahead.take(n, off == 0, g.backend.nearFor)
	if held == nil {
		return g.open(ctx, n, off)
	}
	if off == 0 && g.isCurrent(ctx, held) {
		held.Bind(ctx)
		return held, nil
	}
	held.Drop()
	return g.open(ctx, n, off)
}

// isCurrent reports whether, as far as this gateway knows, what was opened is what would be opened
// now.
func (g *guesses) isCurrent(ctx context.Context, o *prefetched) bool {
	return g.fresh(o.Name, o.asked) && time.Since(o.asked.at) < g.backend.heldMost && g.lists.Undisturbed(ctx, o.Name, o.watch, o.asked.at) &&
		time.Since(o.asked.at) < g.backend.heldMost // still, whatever the answer took
}

// ask notes that a name was asked for. It returns what is held of it, or else reports whether it
// will be opened next, as the one before.
func (a *prefetcher) ask(n api.Name) (held *prefetched, likely bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held != nil && a.held.Name != n {
		a.drop()
	}
	likely = a.opened && a.asked != n
	a.asked, a.at, a.opened = n, time.Now(), false
	return a.held, likely
}

// hold keeps what was opened for a while.
func (a *prefetcher) hold(o *prefetched, life time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held != nil {
		a.drop()
	}
	a.held = o
	a.expiry = time.AfterFunc(life, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.held == o {
			a.drop()
		}
	})
	if a.asked != o.Name { // something else was asked for meanwhile
		a.drop()
	}
}

// take notes that a name is opened, from its beginning or not, and returns what is held of it.
// Within near after the question it is taken for the reason of that.
func (a *prefetcher) take(n api.Name, whole bool, near time.Duration) *prefetched {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = whole && a.asked == n && time.Since(a.at) < near
	o := a.held
	if o == nil || o.Name != n {
		return nil
	}
	a.expiry.Stop()
	a.held = nil
	return o
}

// drop gives up what is held. It is called with mu held.
func (a *prefetcher) drop() {
	a.expiry.Stop()
	a.held.Drop()
	a.held = nil
}
