package vfs

import (
	"context"
	"slices"
	"sync"
)

// Trace collects the ids under which a store has carried out the requests of one operation, so that
// an operator can find them in the store's own log. It is safe for concurrent use. The nil Trace
// collects nothing.
type Trace struct {
	mu   sync.Mutex
	last []string
}

// maxTraced is how many ids a Trace keeps: the latest. The request that publishes a file comes
// last.
const maxTraced = 4

type traceKey struct{}

// In returns a context whose requests are collected by the trace.
func (t *Trace) In(ctx context.Context) context.Context { return context.WithValue(ctx, traceKey{}, t) }

// TransIDs returns the ids of the latest requests, at most four, in their order.
func (t *Trace) TransIDs() []string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.last)
}

// TransIDs returns the ids in the trace of a context, if there is one.
func TransIDs(ctx context.Context) []string {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t.TransIDs()
}

// NoteTransID adds the id of a request to the trace of a context, if there is one. Stores call it
// for each request that is answered.
func NoteTransID(ctx context.Context, id string) {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	if t == nil || id == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) == maxTraced {
		t.last = append(t.last[:0], t.last[1:]...)
	}
	t.last = append(t.last, id)
}
