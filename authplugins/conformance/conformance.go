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

// Subject is an authenticator, and what is known of the service behind it. What is left out leaves
// out the rules that need it.
type Subject struct {
	Info          auth.Info
	Authenticator auth.Authenticator
	// Logins are right. The first one stands for all where a rule needs just one.
	Logins []Login
	// Unknown is a user that the service does not know.
	Unknown string
	// Requests returns how many requests have reached the service.
	Requests func() int
	// Again starts the authenticator once more, with the same configuration and the same key for
	// sealing, as after its death.
	Again func(ctx context.Context) (auth.Authenticator, error)
	// EndsWithHost says what is wrong when the host of the program is gone.
	EndsWithHost func(ctx context.Context) error
}

// password returns the first login with a password alone.
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

// T is what a rule reports to. A *testing.T is one.
type T interface {
	Context() context.Context
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Rule is one thing that every authenticator does.
type Rule struct {
	Name  string             // says what holds, in a sentence
	Check func(T, Subject)   // reports what does not
	needs func(Subject) bool // nil: nothing that a subject may lack
	what  string             // it needs, in words
}

// Lacks says what the subject lacks for the rule, or nothing if the rule can be checked.
func (r Rule) Lacks(s Subject) string {
	if r.needs == nil || r.needs(s) {
		return ""
	}
	return r.what
}

// Result is what came of a rule.
type Result struct {
	Rule     string
	Lacking  string   // why it was not checked
	Failures []string // none: it holds
}

// Run checks the rule outside of a test.
func (r Rule) Run(ctx context.Context, s Subject) Result {
	if lacking := r.Lacks(s); lacking != "" {
		return Result{Rule: r.Name, Lacking: lacking}
	}
	rec := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // of its own, since Fatalf ends it
		defer close(done)
		r.Check(rec, s)
	}()
	<-done
	return Result{Rule: r.Name, Failures: rec.failures}
}

// recorder is a T that keeps what was reported.
type recorder struct {
	ctx context.Context // of the one run that this is for

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
