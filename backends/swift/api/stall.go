package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// stallGuard cancels a request that makes no progress for some time. The end of the answer's body
// stops the guard.
type stallGuard struct {
	timer  *time.Timer
	after  time.Duration
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	ended bool // the answer has arrived, or none will: the request's body is not read any more
}

func newStallGuard(ctx context.Context, after time.Duration) (context.Context, *stallGuard) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &stallGuard{after: after, cancel: cancel}
	g.timer = time.AfterFunc(after, func() { cancel(fmt.Errorf("nothing moved for %v", after)) })
	return ctx, g
}

func (g *stallGuard) progress() { g.timer.Reset(g.after) }

// end is called at the end of a request. An HTTP transport may continue to read the request's body
// for a while. From now on it cannot, so the body can be sent again and its memory can be reused.
func (g *stallGuard) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	g.timer.Stop()
}

func (g *stallGuard) stop() {
	g.end()
	g.cancel(nil)
}

// reader returns the body of a request. Each read of it counts as progress.
func (g *stallGuard) reader(r io.Reader) io.Reader { return &guardedReader{body: r, guard: g} }

type guardedReader struct {
	body  io.Reader
	guard *stallGuard
}

var errRequestOver = errors.New("the request is over")

func (r *guardedReader) Read(p []byte) (int, error) {
	r.guard.mu.Lock()
	defer r.guard.mu.Unlock()
	if r.guard.ended {
		return 0, errRequestOver
	}
	n, err := r.body.Read(p)
	r.guard.progress()
	return n, err
}

// body returns the body of an answer. Only the time of reads counts: a slow client is not a stalled
// Swift.
func (g *stallGuard) body(b io.ReadCloser) io.ReadCloser {
	g.end()
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
