// Package apitest contains what the tests of backends/swift and of the packages below it share: a
// login at the fake Swift (package swifttest), contents of files, and waiting for a condition. It
// is for tests only.
package apitest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/swifttest"
	"filegate/core/auth"
	"filegate/core/backend"
)

// Grant is a grant that stays as it is.
type Grant backend.Grant

// Current implements [backend.Grants].
func (g Grant) Current(context.Context) (backend.Grant, error) { return backend.Grant(g), nil }

// Renew implements [backend.Grants].
func (g Grant) Renew(context.Context, backend.Grant) (backend.Grant, error) {
	return backend.Grant(g), nil
}

// LogIn logs the first of the default users in.
func LogIn(t *testing.T, srv *swifttest.Server) Grant {
	t.Helper()
	u := swifttest.DefaultUsers()[0]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.AuthURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-User", u.Account+":"+u.Name)
	req.Header.Set("X-Auth-Key", u.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return Grant{Endpoint: resp.Header.Get("X-Storage-Url"), Token: auth.Secret(resp.Header.Get("X-Auth-Token"))}
}

// NewClient returns a client of the grant's account that ends with the test.
func NewClient(t *testing.T, grant Grant, cfg api.Config) *api.Client {
	t.Helper()
	store, err := api.NewStore(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store.Client(backend.Login{
		SessionID: "test", User: "test", Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Grants: grant,
	}, grant.Endpoint)
}

// Noise returns n bytes that are nobody else's.
func Noise(n int) []byte {
	b := make([]byte, n)
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails, by its documentation
	return b
}

// Eventually waits until a condition holds, for as long as a test can be kept waiting.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to be that %s", what)
		}
	}
}
