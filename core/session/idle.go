package session

import "context"

// WaitIdle returns nil when no operation runs and nothing is open, or when the session has ended.
// Otherwise it returns the error of ctx.
func (s *Session) WaitIdle(ctx context.Context) error {
	idle := s.whenIdle()
	select {
	case <-idle:
		return nil
	default: // what is idle is so at the end of ctx too
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

// begin counts an operation as under way until finish. Its line is written before that, so that a
// session's last line is that of its end.
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

// whenIdle returns a channel that is closed as soon as nothing is under way.
func (s *Session) whenIdle() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle
}
