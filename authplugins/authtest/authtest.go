// Package authtest is the test suite for authenticators in Go: [Run] tests an authenticator with
// the rules of package conformance. Every authenticator of this module must pass it. It is for
// tests only.
//
// Run tests the authenticator three times: as a value in this process, through the protocol over a
// connection in memory, and as a program that a launcher starts. For the last, the test binary
// starts itself, so a package that uses Run has
//
//	func TestMain(m *testing.M) { authtest.Main(m, mine.Kind()) }
//
// For a program in another language, filegate plugin test uses the same rules.
package authtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/conformance"
	"filegate/core/auth"
)

// Subject is an authenticator for the test, with a service that knows one user.
type Subject struct {
	Kind   authplugin.Kind
	Values map[string]any // the configuration
	// User and Password are a valid login by password. Both are empty if there are only other
	// logins.
	User, Password string
	// Logins are further valid logins, by other methods.
	Logins []conformance.Login
	// Unknown is a user that the service does not know.
	Unknown string
	// Requests returns the number of requests that have reached the service. It is nil if the
	// number is unknown.
	Requests func() int
}

// Main is the TestMain of a package that uses Run. If a launcher has started the test binary, Main
// serves the authenticator instead of running the tests.
func Main(m *testing.M, kind authplugin.Kind) {
	if authplugin.Launched() {
		authplugin.Serve(kind)
		return
	}
	os.Exit(m.Run())
}

// Run tests the authenticator with all rules.
func Run(t *testing.T, s Subject) {
	t.Run("in process", func(t *testing.T) { conform(t, s.inProcess(t)) })
	t.Run("in memory", func(t *testing.T) { conform(t, s.inMemory(t)) })
	t.Run("program", func(t *testing.T) { conform(t, s.program(t)) })
}

func conform(t *testing.T, s conformance.Subject) {
	for _, rule := range conformance.Rules() {
		if rule.Lacks(s) == "" {
			t.Run(rule.Name, func(t *testing.T) { rule.Check(t, s) })
		}
	}
}

// subject returns the common part of the three subjects.
func (s Subject) subject(info auth.Info, a auth.Authenticator) conformance.Subject {
	out := conformance.Subject{Info: info, Authenticator: a, Unknown: s.Unknown, Requests: s.Requests}
	if s.User != "" {
		out.Logins = append(out.Logins, conformance.Login{Method: auth.Password, User: s.User, Password: auth.Secret(s.Password)})
	}
	out.Logins = append(out.Logins, s.Logins...)
	return out
}

func (s Subject) inProcess(t *testing.T) conformance.Subject {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	sealer, err := authplugin.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	configure := func(context.Context) (auth.Authenticator, error) {
		return some(s.Kind.Configure(authplugin.Config{Values: s.values(t), Sealer: sealer}))
	}
	a, err := configure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	info := s.Kind.Info
	info.Version = "of the test" // Serve sets it in a program
	out := s.subject(info, a)
	out.Again = configure
	return out
}

func (s Subject) inMemory(t *testing.T) conformance.Subject {
	t.Helper()
	a, diags, end, err := authplugin.InMemory(t.Context(), s.Kind, s.values(t))
	if err != nil || len(diags) > 0 {
		t.Fatalf("InMemory: %v, %v", diags, err)
	}
	t.Cleanup(end)
	info := s.Kind.Info
	info.Version = "of the test"
	return s.subject(info, a)
}

func (s Subject) program(t *testing.T) conformance.Subject {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	launcher := &authplugin.Launcher{}
	spec := auth.LaunchSpec{
		Kind:   s.Kind.Info.Name,
		Name:   "under test",
		Path:   self,
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Decode: func(auth.Schema) ([]byte, auth.Diagnostics) { return s.values(t), nil },
	}
	launch := func(ctx context.Context) (auth.Plugin, error) {
		p, diags, err := launcher.Launch(ctx, spec)
		if err != nil {
			return nil, err
		}
		if _, err := some(p, diags); err != nil {
			return nil, err
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return p, nil
	}
	p, err := launch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := s.subject(p.Info(), p)
	out.Again = func(ctx context.Context) (auth.Authenticator, error) { return launch(ctx) }
	out.EndsWithHost = func(ctx context.Context) error { return launcher.EndsWithHost(ctx, spec) }
	return out
}

// some turns diagnostics into an error.
func some[A auth.Authenticator](a A, diags auth.Diagnostics) (A, error) {
	if len(diags) > 0 {
		return a, fmt.Errorf("the configuration is not taken: %v", diags)
	}
	return a, nil
}

func (s Subject) values(t *testing.T) []byte {
	t.Helper()
	v, err := json.Marshal(s.Values)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
