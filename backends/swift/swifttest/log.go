package swifttest

import (
	"net/http"
	"sync"
	"time"
)

// Request is a recorded request.
type Request struct {
	Op                Op
	Method            string
	Path              string // decoded
	Query             string // undecoded
	Container, Object string
	Header            http.Header // of the request
	Status            int         // of the answer; 0: not started
	In, Out           int64       // bytes of the request body and of the answer's body
	Began             time.Time
	Ended             time.Time // zero while it is in progress
}

// requestLog records requests in order of arrival.
type requestLog struct {
	mu  sync.Mutex
	all []*Request // protected by mu until the request ends
}

// Requests returns all requests since the last ForgetRequests, including those in progress, if
// Config.Record is set. Status is set before the client gets it, Ended afterwards.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, len(s.log.all))
	for i, r := range s.log.all {
		out[i] = *r
	}
	return out
}

// ForgetRequests clears the log.
func (s *Server) ForgetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.all = nil
}

// Count returns the number of requests of a kind in the log.
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
