package vfs

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTrace keeps the latest ids, however many there are, also of work that outlives the
// operation's context.
func TestTrace(t *testing.T) {
	note := func(ctx context.Context, id string) { NoteRequest(ctx, Request{Verb: "GET", TransID: id}) }
	note(t.Context(), "tx0") // nobody listens
	var trace Trace
	ctx, cancel := context.WithCancel(trace.In(t.Context()))
	note(ctx, "")
	for i := range 4 {
		note(ctx, fmt.Sprint("tx", i))
	}
	cancel()
	for i := 4; i < 10; i++ {
		note(context.WithoutCancel(ctx), fmt.Sprint("tx", i))
	}
	if diff := cmp.Diff([]string{"tx6", "tx7", "tx8", "tx9"}, trace.TransIDs()); diff != "" {
		t.Errorf("the ids (-want +got)\n%s", diff)
	}
	if got := (*Trace)(nil).TransIDs(); got != nil {
		t.Errorf("no trace has the ids %q", got)
	}
}

// TestTraceRequests keeps the first requests, if asked to.
func TestTraceRequests(t *testing.T) {
	var none, some Trace
	some.Keep(2)
	for i := range 5 {
		for _, trace := range []*Trace{&none, &some} {
			NoteRequest(trace.In(t.Context()), Request{Verb: "GET", Status: 200 + i})
		}
	}
	if first, more := none.Requests(); first != nil || more != 0 {
		t.Errorf("a trace that keeps none has %v and %d more", first, more)
	}
	first, more := some.Requests()
	if diff := cmp.Diff([]Request{{Verb: "GET", Status: 200}, {Verb: "GET", Status: 201}}, first); diff != "" || more != 3 {
		t.Errorf("%d more; the requests (-want +got)\n%s", more, diff)
	}
}
