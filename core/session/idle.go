package session

import "context"

// WaitIdle returns nil when no operation runs and nothing is open, or when the session has ended.
// Otherwise it returns the error of ctx.
func (s *Session) WaitIdle(ctx context.Context) error {
	idle := s.whenIdle()
	select {
	case <-idle:
		return nil
	default: // if the session is idle, the end of ctx does not matter
	}
	select {
	case <-idle:
		return nil
	case <-s.ctx.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin counts an operation until finish. The operation is logged before that, so that the last
// line of a session is that of its end.
func (s *Session) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == 0 {
		s.idle = make(chan struct{})
	}
	s.busy++
}

func (s *Session) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if s.busy == 0 {
		close(s.idle)
	}
}

// whenIdle returns a channel that is closed when nothing is running.
func (s *Session) whenIdle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle
}
