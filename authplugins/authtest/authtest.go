// Package authtest is the suite that every authenticator passes: what the gateway relies on, whoever checks the logins.
//
// [Run] holds it against an authenticator three times: as a value in this process, through the protocol over a connection in memory, and
// as a program that a launcher starts. For the last the test binary runs itself, so a package that uses Run has
//
//	func TestMain(m *testing.M) { authtest.Main(m, mine.Kind()) }
//
// What happens when a program dies, hangs or lies is no matter of the authenticator's; the tests of authplugins/authplugin see to that.
package authtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/netip"
	"os"
	"testing"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// Subject is an authenticator with a service behind it that knows one user.
type Subject struct {
	Kind   authplugin.Kind
	Values map[string]any // the configuration
	// User and Password are a login that is right.
	User, Password string
	// Unknown is a user that the service does not know.
	Unknown string
	// Requests returns how many requests have reached the service. It may be nil where that cannot be known.
	Requests func() int
}

// Main is the TestMain of a package that uses Run: it is the program when a launcher has started the test binary.
func Main(m *testing.M, kind authplugin.Kind) {
	if authplugin.Launched() {
		authplugin.Serve(kind)
		return
	}
	os.Exit(m.Run())
}

// Run holds the suite against the authenticator.
func Run(t *testing.T, s Subject) {
	t.Run("in process", func(t *testing.T) { conform(t, s, inProcess(t, s)) })
	t.Run("in memory", func(t *testing.T) { conform(t, s, inMemory(t, s)) })
	t.Run("program", func(t *testing.T) { conform(t, s, program(t, s)) })
}

func inProcess(t *testing.T, s Subject) auth.Authenticator {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	sealer, err := authplugin.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	a, diags := s.Kind.Configure(authplugin.Config{Values: values(t, s), Sealer: sealer})
	if len(diags) > 0 {
		t.Fatalf("Configure: %v", diags)
	}
	return a
}

func inMemory(t *testing.T, s Subject) auth.Authenticator {
	t.Helper()
	a, diags, end, err := authplugin.InMemory(t.Context(), s.Kind, values(t, s))
	if err != nil || len(diags) > 0 {
		t.Fatalf("InMemory: %v, %v", diags, err)
	}
	t.Cleanup(end)
	return a
}

func program(t *testing.T, s Subject) auth.Authenticator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	launcher := &authplugin.Launcher{}
	p, diags, err := launcher.Launch(t.Context(), auth.LaunchSpec{
		Kind:   s.Kind.Info.Name,
		Name:   "under test",
		Path:   self,
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil)),
		Decode: func(auth.Schema) ([]byte, auth.Diagnostics) { return values(t, s), nil },
	})
	if err != nil || len(diags) > 0 {
		t.Fatalf("Launch: %v, %v", diags, err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

func values(t *testing.T, s Subject) []byte {
	t.Helper()
	v, err := json.Marshal(s.Values)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// login asks a with a password, as a frontend would.
func login(ctx context.Context, a auth.Authenticator, user, password string) (auth.Response, error) {
	return a.Authenticate(ctx, auth.Request{
		User:      user,
		Method:    auth.Password,
		Password:  auth.Secret(password),
		Service:   "ssh",
		SessionID: "authtest",
		Remote:    netip.MustParseAddrPort("192.0.2.7:50022"),
		Local:     netip.MustParseAddrPort("192.0.2.1:22"),
		Client:    "SSH-2.0-authtest",
	})
}
