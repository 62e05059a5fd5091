package session

import (
	"context"
	"errors"
	"io"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// handle is an open file, writer or listing.
type handle interface{ Close() error }

var (
	// errTooMany marks a refusal that the client has caused, for storageFault.
	errTooMany = errors.New("limit of open files reached")
	// errPanicked is the outcome of an operation in which the store has panicked. The caller
	// recovers from the panic; the session's counts stay correct.
	errPanicked = errors.New("panic in the storage")
)

// enter opens a handle by calling open, which returns the store's side of it, and keeps the handle
// in the table until leave. If this fails, the operation is recorded as e. Otherwise the handle is
// recorded when it is closed.
func (s *Session) enter(ctx context.Context, h handle, e *Event, open func() (io.Closer, error), perms ...auth.Permission) error {
	s.begin()
	start := time.Now()
	err := errPanicked
	defer func() {
		if err != nil {
			e.Duration, e.Err = time.Since(start), err
			s.leave(h, e.traced(vfs.TraceOf(ctx)))
		}
	}()
	err = s.tryEnter(ctx, h, e, open, perms...)
	return err
}

func (s *Session) tryEnter(ctx context.Context, h handle, e *Event, open func() (io.Closer, error), perms ...auth.Permission) error {
	if err := s.permitted(ctx, e, perms...); err != nil {
		return err
	}
	if err := s.reserve(h); err != nil {
		return err
	}
	// Only now, so that the session's limits also apply to the questions.
	if err := s.ask(ctx, e); err != nil {
		return err
	}
	under, err := open()
	if err != nil {
		return err
	}
	if !s.settle(h) {
		under.Close()
		return s.ended()
	}
	return nil
}

// leave undoes enter.
func (s *Session) leave(h handle, e Event) {
	defer s.finish()
	s.mu.Lock()
	_, reserved := s.handles[h]
	delete(s.handles, h)
	s.mu.Unlock()
	if _, listing := h.(*lister); reserved && !listing {
		end(s.limits.shares)
	}
	s.record(e)
}

// reserve takes a place for a handle that will be opened.
func (s *Session) reserve(h handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.handles); n >= s.maxOpen {
		return &vfs.Error{Kind: vfs.ErrUnavailable, Text: "too many open files: close some and try again", Err: errTooMany}
	}
	if _, listing := h.(*lister); !listing {
		if err := begin(s.limits.shares); err != nil {
			return err
		}
	}
	s.handles[h] = false
	return nil
}

// settle marks the handle as open. It returns false if the session was closed meanwhile; then the
// caller must close the handle.
func (s *Session) settle(h handle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handles[h] = true
	return true
}

// shut prevents further opening, and returns the open handles.
func (s *Session) shut() []handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var open []handle
	for h, settled := range s.handles {
		if settled {
			open = append(open, h)
		}
	}
	return open
}
