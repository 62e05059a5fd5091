package swifttest

import (
	"net/http"
	"sync"
	"time"
)

// Request is a request as the log remembers it.
type Request struct {
	Op                Op
	Method            string
	Path              string // decoded
	Query             string // as it came
	Container, Object string
	Header            http.Header // of the request
	Status            int         // of the answer; 0 as long as none has begun
	In, Out           int64       // bytes of the bodies that came and went
	Began             time.Time
	Ended             time.Time // zero while it is under way
}

// requestLog remembers requests in the order in which they came.
type requestLog struct {
	mu  sync.Mutex
	all []*Request // each changed with mu held, until it ends
}

// Requests returns all requests since the last ForgetRequests, also those under way, where the
// configuration asks for a log. The status is there before the client has it; Ended is not.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, len(s.log.all))
	for i, r := range s.log.all {
		out[i] = *r
	}
	return out
}

// ForgetRequests empties the log.
func (s *Server) ForgetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.all = nil
}

// Count tells how many requests of a kind the log has.
func (s *Server) Count(op Op) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	n := 0
	for _, r := range s.log.all {
		if r.Op == op {
			n++
		}
	}
	return n
}
