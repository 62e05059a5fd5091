package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// A request that was given up may reach the store long after: something on the way holds it up, and
// passes it on when its client has gone. The upload of an older content would then come after that
// of a newer one, of which the client was told that it is stored, and take its place.
//
// Swift gives an upload its time before it asks for the body ("100 Continue"), and of two uploads
// the one with the later time stays. So the body of such an upload is kept back until the store has
// asked for it. When it is given up before, its body never comes, and it fails whenever it arrives.
// When it is given up after, it has its time already: what is uploaded next, the same once more or
// another content, is later.

// doubtFor is how long after a request without an answer every upload has a fence. The others do
// without one where the name is free: what is late then finds the name taken (If-None-Match),
// unless the file has been removed meanwhile.
const doubtFor = 15 * time.Minute

// doubt is when a change was last given up without an answer.
type doubt struct{ last atomic.Int64 }

func (d *doubt) Note() { d.last.Store(time.Now().UnixNano()) }

func (d *doubt) inForce() bool {
	last := d.last.Load()
	return last != 0 && time.Since(time.Unix(0, last)) < doubtFor
}

// needsFence reports whether a request must not reach the store late. number is that of the try,
// from 0.
func (c *Client) needsFence(req Request, number int) bool {
	switch {
	case req.Method != http.MethodPut || req.Body == nil || !req.Target.IsObject():
		return false
	case IsUnlogged(req.Target), req.unasked, req.Eager:
		return false // a segment has a name that is no other content's
	}
	return req.Header[IfNoneMatch] == "" || number > 0 || c.store.Doubt.inForce()
}

// fence keeps the body of a request back until the store asks for it.
type fence struct {
	ctx    context.Context // that of the request
	asking *asking
	host   string
	open   chan struct{} // closed when the body may go
	over   chan struct{} // closed when the final answer has begun

	mu       sync.Mutex
	asked    bool // the store has asked
	passed   bool // open is closed
	answered bool // over is closed
}

func newFence(ctx context.Context, host string, a *asking) *fence {
	return &fence{ctx: ctx, asking: a, host: host, open: make(chan struct{}), over: make(chan struct{})}
}

// trace returns the hook by which the HTTP transport tells that the store asks for the body.
func (f *fence) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{Got100Continue: func() {
		f.asking.learn(f.host, true)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.asked = true
		f.let()
	}}
}

// let opens the fence. It is called with mu held.
func (f *fence) let() {
	if !f.passed {
		f.passed = true
		close(f.open)
	}
}

// fenceWait is how long a store that is known to ask for bodies has time for it, beyond expectWait.
const fenceWait = 10 * time.Second

// wait returns when the body may go, or an error when it may not. The HTTP transport begins to read
// it when the store has asked, or has not in expectWait, or has given an answer without having
// asked.
func (f *fence) wait() error {
	f.mu.Lock()
	if !f.answered && !f.asking.always(f.host) { // it is found out
		f.let()
	}
	f.mu.Unlock()
	timer := time.NewTimer(fenceWait)
	defer timer.Stop()
	select {
	case <-f.open:
		return nil
	case <-f.over: // the connection drops it
		return nil
	case <-timer.C:
		f.asking.miss(f.host)
		return errNotAsked
	case <-f.ctx.Done():
		return errNotAsked
	}
}

// answers is called when the final answer has begun. Then nobody wants the body any more.
func (f *fence) answers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.answered {
		f.answered = true
		close(f.over)
	}
}

var errNotAsked = errors.New("the store did not ask for the body in time")

// isShut reports whether nothing of the body can have gone.
func (f *fence) isShut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.passed
}

// done is called with the status of the final answer. A store that has taken a body without having
// asked for it never asks.
func (f *fence) done(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.passed && !f.asked && status/100 == 2 {
		f.asking.learn(f.host, false)
	}
}

// fencedBody is a body behind a fence.
type fencedBody struct {
	io.ReadCloser
	fence *fence
}

func (b *fencedBody) Read(p []byte) (int, error) {
	if err := b.fence.wait(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

// asking is what is known of stores: whether they ask for bodies.
type asking struct {
	mu    sync.Mutex
	hosts map[string]habit
}

// habit is that of one store.
type habit struct {
	asks   bool
	missed int // how many times in a row it did not ask in time
}

const (
	// maxAsking bounds how many stores are remembered.
	maxAsking = 1000
	// maxMissed is how often a store may miss to ask until it is found out anew whether it does:
	// something else may have taken its place.
	maxMissed = 3
)

func (a *asking) learn(host string, asks bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.hosts[host]; ok && known == (habit{asks: asks}) {
		return
	}
	if a.hosts == nil || len(a.hosts) >= maxAsking {
		a.hosts = map[string]habit{}
	}
	a.hosts[host] = habit{asks: asks}
}

// miss notes that a store that asks did not in time.
func (a *asking) miss(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.hosts[host]
	switch {
	case !ok:
	case h.missed+1 >= maxMissed:
		delete(a.hosts, host)
	default:
		h.missed++
		a.hosts[host] = h
	}
}

// always reports whether a store asks for every body, as far as is known.
func (a *asking) always(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hosts[host].asks
}

// never reports whether a store is known to take bodies without asking.
func (a *asking) never(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, known := a.hosts[host]
	return known && !h.asks
}
