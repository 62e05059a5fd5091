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

// A request that was given up may reach the store much later: something between client and store
// may delay it, and pass it on although its client is gone. An upload of old content could then
// arrive after an upload of newer content, which the client was told is stored, and replace it.
//
// Swift gives an upload its time before it requests the body ("100 Continue"), and of two uploads
// the one with the later time stays. So the body of such an upload is kept back until the store has
// requested it. If the upload is given up before that, its body is never sent, and it fails
// whenever it arrives. If it is given up after that, it already has its time, and the next upload,
// whether the same content or another, is later.

// doubtFor is how long after a request without an answer every upload gets a fence. At other times,
// an upload to a free name gets none: if it is late, it finds that the name is taken
// (If-None-Match), unless the file has been removed meanwhile.
const doubtFor = 15 * time.Minute

// doubt is the time when a change was last given up without an answer.
type doubt struct{ last atomic.Int64 }

func (d *doubt) Note() { d.last.Store(time.Now().UnixNano()) }

func (d *doubt) inForce() bool {
	last := d.last.Load()
	return last != 0 && time.Since(time.Unix(0, last)) < doubtFor
}

// needsFence reports whether a request must not reach the store late. number counts the attempts
// from 0.
func (c *Client) needsFence(req Request, number int) bool {
	switch {
	case req.Method != http.MethodPut || req.Body == nil || !req.Target.IsObject():
		return false
	case IsUnlogged(req.Target), req.unasked, req.Eager:
		return false // the name of a segment is never used for other content
	}
	return req.Header[IfNoneMatch] == "" || number > 0 || c.store.Doubt.inForce()
}

// fence keeps back the body of a request until the store requests it.
type fence struct {
	ctx    context.Context // that of the request
	asking *asking
	host   string
	open   chan struct{} // closed when the body may be sent
	over   chan struct{} // closed when the final answer has begun

	mu       sync.Mutex
	asked    bool // the store has requested the body
	passed   bool // open is closed
	answered bool // over is closed
}

func newFence(ctx context.Context, host string, a *asking) *fence {
	return &fence{ctx: ctx, asking: a, host: host, open: make(chan struct{}), over: make(chan struct{})}
}

// trace returns the hook through which the HTTP transport reports that the store requests the body.
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

// fenceWait is how long a store that is known to request bodies may take for it, in addition to
// expectWait.
const fenceWait = 10 * time.Second

// wait returns when the body may be sent, or an error if it must not be. The HTTP transport begins
// to read the body when the store has requested it, when expectWait is over, or when the store has
// answered without requesting it.
func (f *fence) wait() error {
	f.mu.Lock()
	if !f.answered && !f.asking.always(f.host) { // not known yet: this request will show it
		f.let()
	}
	f.mu.Unlock()
	timer := time.NewTimer(fenceWait)
	defer timer.Stop()
	select {
	case <-f.open:
		return nil
	case <-f.over: // the connection drops the body
		return nil
	case <-timer.C:
		f.asking.miss(f.host)
		return errNotAsked
	case <-f.ctx.Done():
		return errNotAsked
	}
}

// answers is called when the final answer has begun. The body is not needed any more.
func (f *fence) answers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.answered {
		f.answered = true
		close(f.over)
	}
}

var errNotAsked = errors.New("the store did not ask for the body in time")

// isShut reports whether no part of the body can have been sent.
func (f *fence) isShut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.passed
}

// done is called with the status of the final answer. A store that has accepted a body without
// requesting it never requests bodies.
func (f *fence) done(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.passed && !f.asked && status/100 == 2 {
		f.asking.learn(f.host, false)
	}
}

// fencedBody is a body that a fence keeps back.
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

// asking remembers which stores request bodies.
type asking struct {
	mu    sync.Mutex
	hosts map[string]habit
}

// habit is what is known of one store.
type habit struct {
	asks   bool
	missed int // number of consecutive times that it did not request in time
}

const (
	// maxAsking is how many stores are remembered.
	maxAsking = 1000
	// maxMissed is how often a store may fail to request a body in time before its habit is
	// forgotten: it may have been replaced by something else.
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

// miss records that a store which requests bodies has not done so in time.
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

// always reports whether a store is known to request every body.
func (a *asking) always(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hosts[host].asks
}

// never reports whether a store is known to accept bodies without requesting them.
func (a *asking) never(host string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, known := a.hosts[host]
	return known && !h.asks
}
