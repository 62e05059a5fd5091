// Package conformance contains the rules for authenticators: what the gateway relies on in every
// authenticator.
//
// [Rules] is the list, and [Rule.Run] tests one rule. Package authtest tests an authenticator in Go
// with all rules, and the command filegate plugin test tests a program in any language. A rule uses
// an authenticator only by the contract of core/auth. Its errors are for authors who have not read
// the source of the gateway.
//
// The package has no rules for programs that die, hang or send malformed answers: the gateway must
// bear those, as the tests of authplugins/authplugin check. The tests of this package check that
// each rule finds a broken authenticator (broken_test.go).
package conformance

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"filegate/core/auth"
)

// Subject is an authenticator, with data about the service that it asks. Rules that need missing
// data are not tested.
type Subject struct {
	Info          auth.Info
	Authenticator auth.Authenticator
	// Logins are valid logins. Rules that need only one use the first.
	Logins []Login
	// Unknown is a user that the service does not know.
	Unknown string
	// Requests returns the number of requests that have reached the service.
	Requests func() int
	// Again starts the authenticator again, with the same configuration and the same key for
	// sealing, as after a crash.
	Again func(ctx context.Context) (auth.Authenticator, error)
	// EndsWithHost returns an error if the program does not end when its host is gone.
	EndsWithHost func(ctx context.Context) error
}

// password returns the first login by password.
func (s Subject) password() (Login, bool) { return s.by(auth.Password) }

// by returns the first login that begins with a method.
func (s Subject) by(m auth.Method) (Login, bool) {
	for _, l := range s.Logins {
		if l.Method == m {
			return l, true
		}
	}
	return Login{}, false
}

// T is the interface to report failures to. A *testing.T implements it.
type T interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Rule is a rule that every authenticator must satisfy.
type Rule struct {
	Name  string             // a sentence that states the rule
	Check func(T, Subject)   // reports violations
	needs func(Subject) bool // nil: the rule can be checked for every subject
	what  string             // the data that it needs, in words
}

// Lacks returns the missing data of a subject that the rule needs, or "" if the rule can be
// checked.
func (r Rule) Lacks(s Subject) string {
	if r.needs == nil || r.needs(s) {
		return ""
	}
	return r.what
}

// Result is the result of a rule.
type Result struct {
	Rule     string
	Lacking  string   // the missing data, if the rule was not checked
	Failures []string // none: the rule is satisfied
}

// Run checks the rule outside of a test.
func (r Rule) Run(ctx context.Context, s Subject) Result {
	if lacking := r.Lacks(s); lacking != "" {
		return Result{Rule: r.Name, Lacking: lacking}
	}
	rec := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // Fatalf ends this goroutine
		defer close(done)
		r.Check(rec, s)
	}()
	<-done
	return Result{Rule: r.Name, Failures: rec.failures}
}

// recorder is a T that records failures.
type recorder struct {
	ctx context.Context // of the only run of this recorder

	mu       sync.Mutex
	failures []string
}

func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
