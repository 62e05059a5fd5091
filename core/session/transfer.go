package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"filegate/core/vfs"
)

// transfer is the common part of a file that is being read and of a file that is being written.
type transfer struct {
	s      *Session
	place  vfs.Path // of the event
	start  time.Time
	ctx    context.Context    // ends with the transfer; reads and writes have no context of their own
	cancel context.CancelFunc // cancels running calls

	// life is locked for reading by reads and writes, and for writing by what must exclude them:
	// the end of the session closes files that others are using.
	life     sync.RWMutex
	ended    bool // only Close may follow
	closed   bool
	closeErr error

	bytes    atomic.Int64 // of reads and writes that have returned
	progress progress
	failed   firstError
	trace    *vfs.Trace
}

// newTransfer begins a transfer. total is the byte count of the session. The transfer's context
// ends with ctx, with the session, and by cancel.
func (s *Session) newTransfer(ctx context.Context, total *atomic.Int64) transfer {
	trace := s.newTrace()
	ctx, cancel := s.join(trace.In(ctx))
	return transfer{s: s, start: time.Now(), ctx: ctx, cancel: cancel, trace: trace, progress: progress{new(atomic.Int64), total}}
}

// progress counts the bytes at the client's side while they pass, for the transfer and for the
// session.
type progress struct{ own, total *atomic.Int64 }

func (p progress) add(n int) {
	p.own.Add(int64(n))
	p.total.Add(int64(n))
}

// errEnded is the error for a transfer that has ended.
var errEnded error = &vfs.Error{Kind: vfs.ErrClosed}

// move runs one read or write. The outcome that f returns becomes the outcome of the transfer.
func (t *transfer) move(f func() (n int64, err, outcome error)) (n int64, err error) {
	t.life.RLock()
	defer t.life.RUnlock()
	if t.ended {
		return 0, errEnded
	}
	// The context of the transfer ends only a moment after that of the session.
	if err := t.s.ended(); err != nil {
		t.failed.set(err)
		return 0, err
	}
	if t.ctx.Err() != nil { // the store's writer may be shared, and continue
		err := context.Cause(t.ctx)
		t.failed.set(err)
		return 0, err
	}
	outcome := errPanicked
	defer func() {
		t.bytes.Add(n)
		t.failed.set(outcome)
	}()
	n, err, outcome = f()
	return n, err
}

// fail makes err the outcome of the transfer, unless it already has one or has ended. It returns
// err.
func (t *transfer) fail(err error) error {
	_, _ = t.move(func() (int64, error, error) { return 0, err, err })
	return err
}

// countedReader and countedWriter are the client's side of a transfer. They count bytes for the
// progress, and remember an error of this side.
type countedReader struct {
	r        io.Reader
	progress progress
	err      error
}

func (s *countedReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.progress.add(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

type countedWriter struct {
	w        io.Writer
	progress progress
	err      error
}

func (s *countedWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.progress.add(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// whose returns err as the outcome of a transfer. If it is the error of the client's side, it also
// wraps ErrAbandoned.
func whose(err, client error) error {
	if err != nil && client != nil && errors.Is(err, client) {
		return fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	return err
}

// firstError keeps the first error. A later error replaces one that only reports a cancellation:
// when one of several writes fails, the store cancels the others, and any of them may return first.
type firstError struct {
	mu  sync.Mutex
	err error
}

func (e *firstError) set(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil && (e.err == nil || errors.Is(e.err, context.Canceled)) {
		e.err = err
	}
}

func (e *firstError) get() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
