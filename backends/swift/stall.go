package swift

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// stallGuard ends a request through which no byte has passed for a time. It is stopped by the end of the answer's body.
type stallGuard struct {
	timer  *time.Timer
	after  time.Duration
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	answered bool // the answer has begun: what is still read of the request is no progress of it
}

func newStallGuard(ctx context.Context, after time.Duration) (context.Context, *stallGuard) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &stallGuard{after: after, cancel: cancel}
	g.timer = time.AfterFunc(after, func() { cancel(fmt.Errorf("nothing moved for %v", after)) })
	return ctx, g
}

func (g *stallGuard) progress() { g.timer.Reset(g.after) }

// sent notes progress of the request.
func (g *stallGuard) sent() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.answered {
		g.progress()
	}
}

func (g *stallGuard) stop() {
	g.timer.Stop()
	g.cancel(nil)
}

// reader is the body of a request, of which each piece read is progress.
func (g *stallGuard) reader(r io.Reader) io.Reader { return &guardedReader{Reader: r, guard: g} }

type guardedReader struct {
	io.Reader
	guard *stallGuard
}

func (r *guardedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.guard.sent()
	return n, err
}

// body is the body of an answer. The guard watches only reads that are under way: a slow client is not a stalled Swift.
func (g *stallGuard) body(b io.ReadCloser) io.ReadCloser {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answered = true
	g.timer.Stop()
	return &guardedBody{body: b, guard: g}
}

type guardedBody struct {
	body  io.ReadCloser
	guard *stallGuard
}

func (b *guardedBody) Read(p []byte) (int, error) {
	b.guard.progress()
	n, err := b.body.Read(p)
	b.guard.timer.Stop()
	return n, err
}

func (b *guardedBody) Close() error {
	b.guard.stop()
	return b.body.Close()
}
