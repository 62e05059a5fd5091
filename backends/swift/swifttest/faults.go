package swifttest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Point is a moment in the life of a request.
type Point int

// The moments at which a fault can strike.
const (
	AtStart   Point = iota // before anything is looked at
	InRequest              // when Fault.Bytes bytes of the request's body have come
	AtAnswer               // when the request is done and its answer is due
	InAnswer               // when Fault.Bytes bytes of the answer's body have gone
)

// Fault says what goes wrong. What it names happens in the order of the fields. One that names only
// Header changes the headers of an answer that is otherwise true.
//
// A fault in a body strikes when the body reaches that far, so one beyond its end never does.
type Fault struct {
	At    Point
	Bytes int64 // for InRequest and InAnswer

	Call  func()          // what happens at this moment, for instance Server.Revoke
	Delay time.Duration   // waits
	Stall <-chan struct{} // waits until it is closed, or the server is, or the client is known to be gone
	// Late makes Delay and Stall those of something on the way to Swift, which holds what has come
	// of the request and passes it on although the client has gone. At AtStart the request reaches
	// Swift only then. A client that waits for "100 Continue" has not sent its body.
	Late   bool
	Cut    bool        // ends the connection
	Status int         // is answered instead; too late for InAnswer
	Body   string      // of that answer; Swift's usual text where empty
	Header http.Header // is set in the answer, whoever makes it
}

// Forever is for Fault.Stall: it is never closed.
func Forever() <-chan struct{} { return make(chan struct{}) }

// Rule says which requests a fault strikes.
type Rule struct {
	Op        Op                       // any where empty
	Container string                   // any where empty
	Object    string                   // a prefix of the object's name
	Match     func(*http.Request) bool // a further condition
	After     int                      // so many matching requests go well first
	Times     int                      // so many are struck then; all where 0
	Fault     Fault
}

func (r *Rule) matches(req *http.Request) bool {
	op, container, object := OpOf(req)
	return (r.Op == "" || r.Op == op) &&
		(r.Container == "" || r.Container == container) &&
		strings.HasPrefix(object, r.Object) &&
		(r.Match == nil || r.Match(req))
}

// faults are the rules in force.
type faults struct {
	mu    sync.Mutex
	rules []*standing
}

// standing is a rule with what it has seen.
type standing struct {
	Rule
	seen, struck int
}

// Inject puts a rule in force, until remove is called. Where several strike the same request all
// do, in the order of their injection.
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

// Latency makes every request wait before it is looked at, as a distant Swift would.
func (s *Server) Latency(d time.Duration) (remove func()) {
	return s.Inject(Rule{Fault: Fault{Delay: d}})
}

// Heal removes all rules.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = nil
}

// striking returns the faults that strike a request.
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
