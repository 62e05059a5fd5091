package session

import (
	"context"
	"errors"
	"io"
	"time"

	"filegate/core/auth"
	"filegate/core/vfs"
)

// handle is a file, writer or listing that is open.
type handle interface{ Close() error }

var (
	// errTooMany is the cause of a refusal that is the client's own doing, for storageFault.
	errTooMany = errors.New("limit of open files reached")
	// errPanicked is the outcome of an operation in which the store panicked. Whoever called
	// recovers from that; the session keeps its books.
	errPanicked = errors.New("panic in the storage")
)

// enter opens a handle by open, which returns the store's side of it, and keeps it in the table
// until leave. When that fails, the operation has ended and is recorded as e; else the handle
// records itself when it is closed.
func (s *Session) enter(ctx context.Context, h handle, e Event, open func() (io.Closer, error), perms ...auth.Permission) error {
	s.begin()
	start := time.Now()
	err := errPanicked
	defer func() {
		if err != nil {
			e.Duration, e.Err, e.TransIDs = time.Since(start), err, vfs.TransIDs(ctx)
			s.leave(h, e)
		}
	}()
	err = s.tryEnter(ctx, h, e, open, perms...)
	return err
}

func (s *Session) tryEnter(ctx context.Context, h handle, e Event, open func() (io.Closer, error), perms ...auth.Permission) error {
	if err := s.permit(ctx, e, perms...); err != nil {
		return err
	}
	if err := s.reserve(h); err != nil {
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

// leave ends what enter began.
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

// reserve takes a place for a handle that is to be opened.
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

// settle says that the handle is open. It reports false when the session was closed meanwhile: then
// the caller closes it himself.
func (s *Session) settle(h handle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.handles[h] = true
	return true
}

// shut lets nothing more be opened, and returns what is open.
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
