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
	watch listing.Stamp // put into the write log before, see listing.View.Watch
}

// open sends the GET request. The error is not translated.
func (g *guesses) open(ctx context.Context, n api.Name, off int64) (*prefetched, error) {
	asked := g.now()
	a, err := g.objects.Open(ctx, n, off)
	if err != nil {
		return nil, err
	}
	return &prefetched{Opening: a, asked: asked}, nil
}

// A client that downloads one file after another asks for each, and then opens it. For such a
// client, look answers the question with a GET, and keeps the body until the client opens the file:
// one request for both.

// prefetcher predicts whether a client will open the file that it asks for, and keeps the file that
// was opened for this.
type prefetcher struct {
	mu     sync.Mutex
	asked  api.Name // the name that the client asked for last
	at     time.Time
	opened bool // the client opened it at once, from its beginning
	held   *prefetched
	expiry *time.Timer
}

// look is Client.Head for a client that may be about to open the file.
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
	case err != nil: // a file that cannot be read may still have a HEAD
		return g.client.Head(ctx, n)
	case !o.IsFile(), o.Object.ThroughLink: // changes of a link's target are not noted under this name
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

// openToRead is open for a client that reads. It returns the prefetched file if that is current.
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

// isCurrent reports whether, as far as this gateway knows, a new GET would return the same as the
// prefetched file.
func (g *guesses) isCurrent(ctx context.Context, o *prefetched) bool {
	return g.fresh(o.Name, o.asked) && time.Since(o.asked.at) < g.backend.heldMost && g.lists.Undisturbed(ctx, o.Name, o.watch, o.asked.at) &&
		time.Since(o.asked.at) < g.backend.heldMost // checked again, because the cache may have answered late
}

// ask notes that the client asks for a name. It returns the prefetched file of that name, or else
// reports whether the client will probably open the file next, because it opened the one before.
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

// hold keeps a prefetched file for a time.
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
	if a.asked != o.Name { // the client has asked for another name meanwhile
		a.drop()
	}
}

// take notes that the client opens a file, from its beginning if whole is set, and returns the
// prefetched file of that name. If the client opens the file within near of asking for it, it is
// expected to open the next one too.
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

// drop closes the prefetched file. It is called with mu held.
func (a *prefetcher) drop() {
	a.expiry.Stop()
	a.held.Drop()
	a.held = nil
}
