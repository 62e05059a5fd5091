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

// transfer is what a file that is being read and one that is being written have in common.
type transfer struct {
	s      *Session
	start  time.Time
	ctx    context.Context    // the transfer's life, which reads and writes bring none for
	cancel context.CancelFunc // ends what is under way

	// life is held shared by reads and writes, alone by what must not meet one: the session's end
	// closes what others are using.
	life     sync.RWMutex
	ended    bool // nothing but Close may follow
	closed   bool
	closeErr error

	bytes    atomic.Int64 // of reads and writes that have returned
	progress progress
	failed   firstError
	trace    *vfs.Trace
}

// newTransfer begins a transfer, whose bytes count for the session's total. Its context ends with
// ctx, with the session, and by cancel.
func (s *Session) newTransfer(ctx context.Context, total *atomic.Int64) transfer {
	trace := new(vfs.Trace)
	ctx, cancel := s.join(trace.In(ctx))
	return transfer{s: s, start: time.Now(), ctx: ctx, cancel: cancel, trace: trace, progress: progress{new(atomic.Int64), total}}
}

// progress counts the bytes that have passed at the client's end, while they pass: of a transfer,
// and of the session.
type progress struct{ own, total *atomic.Int64 }

func (p progress) add(n int) {
	p.own.Add(int64(n))
	p.total.Add(int64(n))
}

// errEnded is the answer of a transfer that has ended.
var errEnded error = &vfs.Error{Kind: vfs.ErrClosed}

// move runs one read or write. What f returns last is what the transfer counts as from then on.
func (t *transfer) move(f func() (n int64, err, outcome error)) (n int64, err error) {
	t.life.RLock()
	defer t.life.RUnlock()
	if t.ended {
		return 0, errEnded
	}
	// The transfer's own context ends only a moment after the session's.
	if err := t.s.ended(); err != nil {
		t.failed.set(err)
		return 0, err
	}
	if t.ctx.Err() != nil { // the store's side may be another's too, and go on
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

// fail makes err the outcome of the transfer, unless that has one already or is over, and returns
// it.
func (t *transfer) fail(err error) error {
	_, _ = t.move(func() (int64, error, error) { return 0, err, err })
	return err
}

// source and sink are the client's end of a transfer. They remember when it was that end which
// failed.
type source struct {
	r        io.Reader
	progress progress
	err      error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.progress.add(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

type sink struct {
	w        io.Writer
	progress progress
	err      error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.progress.add(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

// whose returns err as the outcome of a transfer: ErrAbandoned too, where it is the error of the
// client's end.
func whose(err, client error) error {
	if err != nil && client != nil && errors.Is(err, client) {
		return fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	return err
}

// firstError keeps the first error that it is given; nil is none. One that only says that something
// was cancelled gives way to a later one: when one of several writes fails, a store cancels the
// others, and which is heard of first is chance.
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
