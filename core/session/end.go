package session

import (
	"context"
	"errors"
	"io"
	"time"
)

// End ends the context of the session for the given reason. The frontend then closes the connection
// and calls Close.
func (s *Session) End(reason error) {
	if reason == nil || errors.Is(reason, context.Canceled) {
		s.end(context.Canceled)
		return
	}
	s.end(&endError{reason})
}

// Close ends the session. It closes all open files, and publishes nothing that is not committed.
// The frontend calls it after the end of the connection. It may be called several times, also
// concurrently. Each call returns when nothing is open and no operation runs.
func (s *Session) Close() { s.closing.Do(s.close) }

func (s *Session) close() {
	s.end(context.Canceled)
	for _, h := range s.shut() {
		h.Close() // each handle logs its own end
	}
	<-s.whenIdle()
	reason := reasonText(context.Cause(s.ctx))
	s.log.Info("session ends", "reason", reason)
	if o, ok := s.observer.(EndObserver); ok {
		o.Ended(Summary{In: s.in.Load(), Out: s.out.Load(), Duration: time.Since(s.began), Reason: reason})
	}
	s.mu.Lock()
	s.through = true
	s.lent++
	s.mu.Unlock()
	s.giveBack()
}

// lend keeps this session's view of the store open for a file that other sessions may continue to
// write, until giveBack.
func (s *Session) lend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent++
}

func (s *Session) giveBack() {
	s.mu.Lock()
	s.lent--
	last := s.lent == 0 && s.through
	s.mu.Unlock()
	if last {
		s.closeHome()
		s.files.leave()
		close(s.over)
	}
}

// closeHome closes the store if it was opened for this session's home directory.
func (s *Session) closeHome() {
	if c, ok := s.fs.(io.Closer); ok {
		if err := c.Close(); err != nil {
			s.log.Warn("home directory not closed", "err", err)
		}
	}
}

// Closed returns a channel that is closed when nothing uses the storage with this session's login
// any more. This is later than the end of the session's context, and later than Close if other
// sessions go on with a file that this session has opened.
func (s *Session) Closed() <-chan struct{} { return s.over }

// ended returns the reason why the session has ended, as an error that is also the error of its
// context, or nil if it has not ended.
func (s *Session) ended() error {
	if s.ctx.Err() == nil {
		return nil
	}
	cause := context.Cause(s.ctx)
	if errors.Is(cause, s.ctx.Err()) {
		return cause
	}
	return &endError{cause}
}

// join returns a context that ends with ctx or with the session, whichever ends first.
func (s *Session) join(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// endError is the error of operations that the end of the session has cut off. It wraps
// context.Canceled, because no one has made a mistake.
type endError struct{ reason error }

func (e *endError) Error() string { return "session ended: " + e.reason.Error() }

func (e *endError) Unwrap() []error { return []error{context.Canceled, e.reason} }

func reasonText(cause error) string {
	if e, ok := errors.AsType[*endError](cause); ok {
		return e.reason.Error()
	}
	if errors.Is(cause, context.Canceled) {
		return "closed"
	}
	return cause.Error()
}
