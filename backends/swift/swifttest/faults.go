package swifttest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Point is a point in the handling of a request.
type Point int

// The points at which a fault can occur.
const (
	AtStart   Point = iota // before the request is handled
	InRequest              // after Fault.Bytes bytes of the request body
	AtAnswer               // when the request is done, before its answer
	InAnswer               // after Fault.Bytes bytes of the answer's body
)

// Fault describes a fault. Its actions happen in the order of the fields. A fault with only Header
// changes the headers of an otherwise normal answer.
//
// A fault in a body occurs when the body reaches Bytes. If the body is shorter, the fault never
// occurs.
type Fault struct {
	At    Point
	Bytes int64 // for InRequest and InAnswer

	Call  func()        // called first, for instance Server.Revoke
	Delay time.Duration // waits for this time
	// Waits until it is closed, or the server is closed, or the client is known to be gone.
	Stall <-chan struct{}
	// Late delays the request like a proxy on the way to Swift: it holds the data of the request,
	// and forwards it even if the client is gone. At AtStart the request reaches Swift only after
	// the delay. A client that waits for "100 Continue" has not sent its body.
	Late   bool
	Cut    bool        // closes the connection
	Status int         // answered instead; not possible at InAnswer
	Body   string      // the body of that answer; empty: Swift's usual text
	Header http.Header // set in the answer, with or without Status
}

// Forever returns a channel that is never closed, for Fault.Stall.
func Forever() <-chan struct{} { return make(chan struct{}) }

// Rule selects the requests for a fault.
type Rule struct {
	Op        Op                       // empty: all
	Container string                   // empty: all
	Object    string                   // a prefix of the object's name
	Match     func(*http.Request) bool // a further condition
	After     int                      // the number of matching requests before the first fault
	Times     int                      // the number of faults; 0: no limit
	Fault     Fault
}

func (r *Rule) matches(req *http.Request) bool {
	op, container, object := OpOf(req)
	return (r.Op == "" || r.Op == op) &&
		(r.Container == "" || r.Container == container) &&
		strings.HasPrefix(object, r.Object) &&
		(r.Match == nil || r.Match(req))
}

// faults are the active rules.
type faults struct {
	mu    sync.Mutex
	rules []*standing
}

// standing is an active rule with its counters.
type standing struct {
	Rule
	seen, struck int
}

// Inject activates a rule until remove is called. If several rules match a request, all their
// faults occur, in the order of injection.
func (s *Server) Inject(rule Rule) (remove func()) {
	f := &s.faults
	st := &standing{Rule: rule}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, st)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.rules = slices.DeleteFunc(f.rules, func(other *standing) bool { return other == st })
	}
}

// Latency delays every request before it is handled, like a distant Swift.
func (s *Server) Latency(d time.Duration) (remove func()) {
	return s.Inject(Rule{Fault: Fault{Delay: d}})
}

// Heal removes all rules.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = nil
}

// striking returns the faults for a request.
func (f *faults) striking(r *http.Request) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Fault
	for _, st := range f.rules {
		if !st.matches(r) {
			continue
		}
		st.seen++
		if st.seen > st.After && (st.Times == 0 || st.struck < st.Times) {
			st.struck++
			out = append(out, st.Fault)
		}
	}
	return out
}
