package swiftv1_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/swiftv1"
	"filegate/core/auth"
)

func configure(t *testing.T, values map[string]any) (auth.Authenticator, auth.Diagnostics) {
	t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := authplugin.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	return swiftv1.Kind().Configure(authplugin.Config{Values: text, Sealer: sealer})
}

func login(t *testing.T, url string, more map[string]any) (*auth.Identity, error) {
	t.Helper()
	values := map[string]any{"auth_url": url, "timeout": "1s"}
	maps.Copy(values, more)
	a, diags := configure(t, values)
	if len(diags) > 0 {
		t.Fatalf("Configure: %v", diags)
	}
	resp, err := a.Authenticate(t.Context(), auth.Request{
		User: "test:tester", Method: auth.Password, Password: "testing", Remote: netip.MustParseAddrPort("192.0.2.7:50022"),
	})
	return resp.Identity, err
}

func TestIdentity(t *testing.T) {
	service := newFake(t)
	began := time.Now()
	id, err := login(t, service.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if id.User != "test:tester" || !slices.Equal(id.Groups, []string{"test"}) || len(id.Permissions) != 0 {
		t.Errorf("identity %+v", id)
	}
	if id.Grant.Endpoint != "http://swift.example.net/v1/AUTH_test" || id.Grant.Token != "AUTH_tk0123456789" {
		t.Errorf("endpoint %q, token %q", id.Grant.Endpoint, id.Grant.Token.Reveal())
	}
	if d := id.Grant.Expires.Sub(began); d < 24*time.Hour || d > 24*time.Hour+time.Minute {
		t.Errorf("expires in %s, want a day", d)
	}
	if got := service.requests[0].Get("X-Forwarded-For"); got != "192.0.2.7" {
		t.Errorf("X-Forwarded-For %q: Swift's log should show the client", got)
	}
}

func TestStorageURL(t *testing.T) {
	for given, want := range map[string]string{
		"":                                 "http://swift.example.net/v1/AUTH_test",
		"https://in.example.net/v1/AUTH_x": "https://in.example.net/v1/AUTH_x",
		"https://in.example.net:8443":      "https://in.example.net:8443/v1/AUTH_test",
		"https://in.example.net/":          "https://in.example.net/v1/AUTH_test",
	} {
		id, err := login(t, newFake(t).URL, map[string]any{"storage_url": given})
		if err != nil || id.Grant.Endpoint != want {
			t.Errorf("storage_url %q: got %+v, %v, want the endpoint %q", given, id, err, want)
		}
	}
}

func TestTokenLife(t *testing.T) {
	for _, c := range []struct {
		answered, option string
		want             time.Duration
	}{
		{"120", "24h", 2 * time.Minute}, // the answer takes precedence
		{"", "24h", 24 * time.Hour},
		{"soon", "24h", 24 * time.Hour},
		{"", "0s", 0},
		{"0", "0s", 0},
	} {
		service := newFake(t)
		service.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Storage-Url", "http://s/v1/a")
			w.Header().Set("X-Auth-Token", "t")
			if c.answered != "" {
				w.Header().Set("X-Auth-Token-Expires", c.answered)
			}
		}
		began := time.Now()
		id, err := login(t, service.URL, map[string]any{"token_life": c.option})
		switch {
		case err != nil:
			t.Errorf("%+v: %v", c, err)
		case c.want == 0 && !id.Grant.Expires.IsZero():
			t.Errorf("%+v: ends at %s, want that nobody knows", c, id.Grant.Expires)
		case c.want > 0 && (id.Grant.Expires.Before(began.Add(c.want)) || id.Grant.Expires.After(time.Now().Add(c.want))):
			t.Errorf("%+v: ends %s after the login", c, id.Grant.Expires.Sub(began))
		}
	}
}

// TestForms checks that the user's name is sent unchanged in any form, and that the text before a
// colon is the group.
func TestForms(t *testing.T) {
	for name, groups := range map[string][]string{"account:user": {"account"}, "rackuser": nil, "a:b:c": {"a"}, ":user": nil, "müller:käthe": {"müller"}} {
		service := newFake(t)
		var got http.Header
		service.answer = func(w http.ResponseWriter, r *http.Request) {
			got = r.Header
			w.Header().Set("X-Storage-Url", "http://s/v1/a")
			w.Header().Set("X-Auth-Token", "t")
			w.WriteHeader(http.StatusNoContent)
		}
		a, _ := configure(t, map[string]any{"auth_url": service.URL})
		resp, err := a.Authenticate(t.Context(), auth.Request{User: name, Method: auth.Password, Password: "p%41ß"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if resp.Identity.User != name || !slices.Equal(resp.Identity.Groups, groups) {
			t.Errorf("%s: identity %+v", name, resp.Identity)
		}
		if got.Get("X-Auth-User") != name || got.Get("X-Auth-Key") != "p%41ß" || got.Get("X-Forwarded-For") != "" {
			t.Errorf("%s: sent %v", name, got)
		}
	}
}

// TestRetry checks that requests are repeated after temporary failures, and that the error has the
// service's request ID.
func TestRetry(t *testing.T) {
	service := newFake(t)
	service.answer = func(w http.ResponseWriter, r *http.Request) {
		service.mu.Lock()
		service.answer = nil
		service.mu.Unlock()
		http.Error(w, "not now", http.StatusServiceUnavailable)
	}
	if _, err := login(t, service.URL, nil); err != nil || service.Requests() != 2 {
		t.Errorf("one 503: %v after %d requests", err, service.Requests())
	}
	for id, want := range map[string]bool{"tx0123456789abcdef-0042": true, "tx 1": false, strings.Repeat("x", 100): false, `a" err="b`: false} {
		service.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Trans-Id", id)
			w.WriteHeader(http.StatusForbidden)
		}
		_, err := login(t, service.URL, nil)
		if !errors.Is(err, auth.ErrDenied) || strings.Contains(err.Error(), ", request "+id) != want {
			t.Errorf("request %q: got %v", id, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret backend text", code) }
	}
	headers := func(code int, h map[string]string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for name, value := range h {
				w.Header().Set(name, value)
			}
			w.WriteHeader(code)
		}
	}
	good := map[string]string{"X-Storage-Url": "http://s/v1/a", "X-Auth-Token": "t"}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
		text   string
		tries  int
	}{
		{"204 as Rackspace", headers(204, good), nil, "", 1},
		{"X-Storage-Token", headers(200, map[string]string{"X-Storage-Url": "http://s/v1/a", "X-Storage-Token": "t"}), nil, "", 1},
		{"odd expiry", headers(200, map[string]string{"X-Storage-Url": "http://s/v1/a", "X-Auth-Token": "t", "X-Auth-Token-Expires": "-5"}), nil, "", 1},
		{"401", status(401), auth.ErrDenied, "answered 401", 1},
		{"403", status(403), auth.ErrDenied, "answered 403", 1},
		{"400", status(400), auth.ErrInvalid, "answered 400", 1},
		{"404", status(404), auth.ErrUnavailable, "check auth_url", 1},
		{"500", status(500), auth.ErrUnavailable, "answered 500", 3},
		{"503", status(503), auth.ErrUnavailable, "answered 503", 3},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, auth.ErrUnavailable, "redirects are not followed", 1},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, auth.ErrUnavailable, "no X-Auth-Token", 1},
		{"no storage", headers(200, map[string]string{"X-Auth-Token": "t"}), auth.ErrUnavailable, "no usable X-Storage-Url", 1},
		{"odd storage", headers(200, map[string]string{"X-Auth-Token": "t", "X-Storage-Url": "file:///etc"}), auth.ErrUnavailable, "no usable X-Storage-Url", 1},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, auth.ErrUnavailable, "EOF", 3},
		{"hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, auth.ErrUnavailable, "no answer within 1s", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := newFake(t)
			service.answer = c.answer
			id, err := login(t, service.URL, nil)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.want == nil && (err != nil || !id.Grant.Expires.IsZero()) {
				t.Errorf("got %+v, %v, want a grant whose end nobody knows", id, err)
			}
			if err != nil && (!strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "secret backend text")) {
				t.Errorf("error %q should say %q and nothing of what the service wrote", err, c.text)
			}
			// net/http itself repeats requests on reused connections that fail, so there may be
			// more.
			if n := service.Requests(); n < c.tries || (c.name != "cut off" && n > c.tries) {
				t.Errorf("asked %d times, want %d", n, c.tries)
			}
		})
	}
}

// TestDeadline checks that the caller's deadline ends a login, even if the option timeout is
// longer.
func TestDeadline(t *testing.T) {
	service := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	service.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}
	a, _ := configure(t, map[string]any{"auth_url": service.URL, "timeout": "1h"})
	_, err := a.Authenticate(ctx, auth.Request{User: "test:tester", Method: auth.Password, Password: "testing"})
	if !errors.Is(err, auth.ErrUnavailable) || service.Requests() != 1 {
		t.Errorf("got %v after %d requests, want %v after 1", err, service.Requests(), auth.ErrUnavailable)
	}
}

func TestUnreachable(t *testing.T) {
	service := newFake(t)
	service.Close()
	if _, err := login(t, service.URL, nil); !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want %v that says that the connection was refused", err, auth.ErrUnavailable)
	}
}

func TestTLS(t *testing.T) {
	fake := &fake{}
	service := httptest.NewUnstartedServer(http.HandlerFunc(fake.serve))
	service.Config.ErrorLog = nil
	service.StartTLS()
	defer service.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		values map[string]any
		want   error
	}{
		{"unknown certificate", nil, auth.ErrUnavailable},
		{"ca_file", map[string]any{"ca_file": ca}, nil},
		{"insecure", map[string]any{"insecure": true}, nil},
	} {
		if _, err := login(t, service.URL, c.values); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if n := fake.Requests(); n != 2 {
		t.Errorf("%d requests, want none to the service with an unknown certificate", n)
	}
}

func TestDiagnostics(t *testing.T) {
	for name, c := range map[string]struct {
		values    map[string]any
		attribute string
	}{
		"auth_url":    {map[string]any{"auth_url": "swift:8080"}, "auth_url"},
		"storage_url": {map[string]any{"auth_url": "http://s", "storage_url": "s"}, "storage_url"},
		"token_life":  {map[string]any{"auth_url": "http://s", "token_life": "86400"}, "token_life"},
		"timeout":     {map[string]any{"auth_url": "http://s", "timeout": "0s"}, "timeout"},
		"ca_file":     {map[string]any{"auth_url": "http://s", "ca_file": "/nowhere"}, "ca_file"},
	} {
		if _, diags := configure(t, c.values); len(diags) != 1 || diags[0].Attribute != c.attribute || diags[0].Detail == "" {
			t.Errorf("%s: got %+v", name, diags)
		}
	}
}
