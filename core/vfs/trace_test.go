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
	NoteTransID(t.Context(), "tx0") // nobody listens
	var trace Trace
	ctx, cancel := context.WithCancel(trace.In(t.Context()))
	NoteTransID(ctx, "")
	for i := range 4 {
		NoteTransID(ctx, fmt.Sprint("tx", i))
	}
	cancel()
	for i := 4; i < 10; i++ {
		NoteTransID(context.WithoutCancel(ctx), fmt.Sprint("tx", i))
	}
	if diff := cmp.Diff([]string{"tx6", "tx7", "tx8", "tx9"}, trace.TransIDs()); diff != "" {
		t.Errorf("the ids (-want +got)\n%s", diff)
	}
	if got := (*Trace)(nil).TransIDs(); got != nil {
		t.Errorf("no trace has the ids %q", got)
	}
}
