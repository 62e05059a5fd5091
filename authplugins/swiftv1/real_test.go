package swiftv1_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"filegate/authplugins/authtest"
	"filegate/core/auth"
)

// TestTempauth checks the answers of a real tempauth: which logins succeed, for how long, and what
// the error is while tempauth is down.
func TestTempauth(t *testing.T) {
	service := authtest.Lab(t, "FILEGATE_TEST_SWIFT_AUTH")
	user, key := authtest.Lab(t, "FILEGATE_TEST_SWIFT_USER"), auth.Secret(authtest.Lab(t, "FILEGATE_TEST_SWIFT_KEY"))
	target, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(t *testing.T, values map[string]any, user string, key auth.Secret) (*auth.Identity, error) {
		t.Helper()
		a, diags := configure(t, values)
		if len(diags) > 0 {
			t.Fatalf("Configure: %v", diags)
		}
		resp, err := a.Authenticate(t.Context(), auth.Request{User: user, Method: auth.Password, Password: key})
		return resp.Identity, err
	}

	t.Run("refusals", func(t *testing.T) {
		for _, c := range []struct {
			user string
			key  auth.Secret
		}{{user, "wrong"}, {"test:nobody", key}, {"nowhere:tester", key}, {"tester", key}} {
			if _, err := ask(t, map[string]any{"auth_url": service}, c.user, c.key); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("%s: got %v, want %v", c.user, err, auth.ErrDenied)
			}
		}
	})
	t.Run("token life", func(t *testing.T) {
		strict := authtest.Lab(t, "FILEGATE_TEST_SWIFT_STRICT_AUTH")
		id, err := ask(t, map[string]any{"auth_url": strict, "token_life": "24h"}, user, key)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(id.Grant.Expires); left > 20*time.Second {
			t.Errorf("the token is good for %s, and tempauth gave it 20 s at most", left)
		}
	})
	t.Run("another address of the storage", func(t *testing.T) {
		id, err := ask(t, map[string]any{"auth_url": service, "storage_url": "http://localhost:1"}, user, key)
		if err != nil || id.Grant.Endpoint != "http://localhost:1/v1/AUTH_test" {
			t.Errorf("got %+v, %v", id, err)
		}
	})
	t.Run("down and up again", func(t *testing.T) {
		var down atomic.Bool
		through := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load() {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			through.ServeHTTP(w, r)
		}))
		defer proxy.Close()
		a, _ := configure(t, map[string]any{"auth_url": proxy.URL + target.Path})
		request := auth.Request{User: user, Method: auth.Password, Password: key}
		resp, err := a.Authenticate(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		down.Store(true)
		if _, err := a.Authenticate(t.Context(), request); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("a login while it is down: got %v, want %v", err, auth.ErrUnavailable)
		}
		if _, err := a.Renew(t.Context(), resp.Identity.Grant); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("a renewal while it is down: got %v, want %v", err, auth.ErrUnavailable)
		}
		down.Store(false)
		if _, err := a.Renew(t.Context(), resp.Identity.Grant); err != nil {
			t.Errorf("a renewal when it is up again: %v", err)
		}
	})
}
