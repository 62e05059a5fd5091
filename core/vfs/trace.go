package vfs

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Trace collects the ids under which a store has carried out the requests of one operation, so that
// an operator can find them in the store's own log. It is safe for concurrent use. The nil Trace
// collects nothing.
type Trace struct {
	mu       sync.Mutex
	last     []string
	keep     int // how many requests are kept
	requests []Request
	lost     int
}

// Request describes one request to a store that has ended.
type Request struct {
	Verb    string        // in the store's protocol, such as "GET"
	Status  int           // of the answer, likewise; 0: none came
	TransID string        // the store's id of the request, if any
	Began   time.Time     // when it was sent
	Took    time.Duration // until the headers of the answer
	Attempt int           // number of earlier attempts of the same request
}

// maxTraced is how many ids a Trace keeps: the latest. The request that publishes a file comes
// last.
const maxTraced = 4

type traceKey struct{}

// In returns a context whose requests are collected by the trace.
func (t *Trace) In(ctx context.Context) context.Context { return context.WithValue(ctx, traceKey{}, t) }

// Keep makes the trace keep the next n requests too. It is called before the trace is used.
func (t *Trace) Keep(n int) { t.keep = n }

// Requests returns the first requests, at most as many as Keep has asked for, and the number of
// further ones.
func (t *Trace) Requests() (first []Request, more int) {
	if t == nil || t.keep == 0 {
		return nil, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.requests), t.lost
}

// TransIDs returns the ids of the latest requests, at most four, in their order.
func (t *Trace) TransIDs() []string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.last)
}

// TraceOf returns the trace of a context, or nil.
func TraceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// NoteRequest adds a request to the trace of a context, if there is one. Stores call it for each
// request when it has been answered, or has failed.
func NoteRequest(ctx context.Context, r Request) {
	t := TraceOf(ctx)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.TransID != "" {
		if len(t.last) == maxTraced {
			t.last = append(t.last[:0], t.last[1:]...)
		}
		t.last = append(t.last, r.TransID)
	}
	switch {
	case len(t.requests) < t.keep:
		t.requests = append(t.requests, r)
	case t.keep > 0:
		t.lost++
	}
}
