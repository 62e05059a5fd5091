package keystone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/keystone"
	"filegate/core/auth"
)

// configured returns the authenticator for a service, with further options.
func configured(t testing.TB, url string, options map[string]any) auth.Authenticator {
	t.Helper()
	a, diags := configure(t, url, options)
	if len(diags) > 0 {
		t.Fatalf("Configure: %v", diags)
	}
	return a
}

func configure(t testing.TB, url string, options map[string]any) (auth.Authenticator, auth.Diagnostics) {
	t.Helper()
	values := map[string]any{"auth_url": url}
	for name, v := range options {
		values[name] = v
	}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return keystone.Kind().Configure(authplugin.Config{Values: text, Sealer: sealer(t)})
}

// sealer returns the same sealer for every authenticator under test.
func sealer(t testing.TB) authplugin.Sealer {
	t.Helper()
	s, err := authplugin.NewSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func login(t *testing.T, a auth.Authenticator, user string) (*auth.Identity, error) {
	t.Helper()
	resp, err := a.Authenticate(t.Context(), auth.Request{
		User: user, Method: auth.Password, Password: "demopass", Remote: netip.MustParseAddrPort("[::ffff:192.0.2.7]:50022"),
	})
	return resp.Identity, err
}

func TestIdentity(t *testing.T) {
	service := newFake(t)
	for _, c := range []struct {
		name        string
		path        string
		options     map[string]any
		url, region string
		token       string
	}{
		{"first of the catalog", "/identity/v3", nil, "http://one.example.net/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionOne", "gAAAAABk-token"},
		{"version from the option", "/identity", map[string]any{"version": "3"}, "http://one.example.net/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionOne", "gAAAAABk-token"},
		{"region", "/identity/v3/", map[string]any{"region": "RegionTwo"}, "http://two.example.net/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionTwo", "gAAAAABk-token"},
		{"interface", "/identity/v3", map[string]any{"interface": "internalURL"}, "http://internal.example.net/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionOne", "gAAAAABk-token"},
		{"other address", "/identity/v3", map[string]any{"storage_url": "https://inside:8443"}, "https://inside:8443/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionOne", "gAAAAABk-token"},
		{"override", "/identity/v3", map[string]any{"storage_url": "https://swift.example.net/v1/AUTH_x"}, "https://swift.example.net/v1/AUTH_x", "", "gAAAAABk-token"},
		{"v2.0", "/v2.0", nil, "http://one.example.net/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108", "RegionOne", "aaaaa-bbbbb-ccccc-dddd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := configured(t, service.URL+c.path, c.options)
			got, err := login(t, a, "demo.demo")
			if err != nil {
				t.Fatal(err)
			}
			if token := got.Grant.Token.Reveal(); token != c.token {
				t.Errorf("token %q, want %q", token, c.token)
			}
			got.Grant.Renewal, got.Grant.Token, got.Grant.Expires = nil, "", got.Grant.Expires.UTC()
			want := &auth.Identity{User: "demo", Groups: []string{"demo"}, CacheFor: 30 * time.Second, Grant: auth.Grant{
				Endpoint: c.url, Region: c.region, Expires: time.Date(2999, 11, 23, 21, 57, 1, 0, time.UTC),
			}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := service.header.Get("X-Forwarded-For"); got != "192.0.2.7" {
				t.Errorf("X-Forwarded-For %q: Keystone's log should show the client", got)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	service := newFake(t)
	// No further requests are made after this answer.
	service.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	type m = map[string]any
	const id = "7a87265da54a4fd2b9ec97fbc856b108"
	for _, c := range []struct {
		name, login string
		options     m
		user, scope any
	}{
		{"default domains", "demo.demo", nil, m{"name": "demo", "domain": m{"id": "default"}}, m{"project": m{"name": "demo", "domain": m{"id": "default"}}}},
		{"both domains", "demo@a.b.demo@c.d", nil, m{"name": "demo", "domain": m{"name": "c.d"}}, m{"project": m{"name": "demo", "domain": m{"name": "a.b"}}}},
		{"default domain by option", "demo.demo", m{"default_domain": "corp"}, m{"name": "demo", "domain": m{"name": "corp"}}, m{"project": m{"name": "demo", "domain": m{"name": "corp"}}}},
		{"project by option", "demo", m{"project": "home"}, m{"name": "demo", "domain": m{"id": "default"}}, m{"project": m{"name": "home", "domain": m{"id": "default"}}}},
		{"ids", id + "." + id, nil, m{"id": id}, m{"project": m{"id": id}}},
		{"no ids with domains", id + "@corp." + id + "@corp", nil, m{"name": id, "domain": m{"name": "corp"}}, m{"project": m{"name": id, "domain": m{"name": "corp"}}}},
		{"no project", "demo", nil, m{"name": "demo", "domain": m{"id": "default"}}, nil},
		{"project by option with its domain", "demo@c.d", m{"tenant_separator": ":", "project": "home@a.b"}, m{"name": "demo", "domain": m{"name": "c.d"}}, m{"project": m{"name": "home", "domain": m{"name": "a.b"}}}},
		{"default domain by its id", "demo.demo", m{"default_domain": "id=0d"}, m{"name": "demo", "domain": m{"id": "0d"}}, m{"project": m{"name": "demo", "domain": m{"id": "0d"}}}},
		{"trust", "trust=0t.demo", m{"project": "home"}, m{"name": "demo", "domain": m{"id": "default"}}, m{"OS-TRUST:trust": m{"id": "0t"}}},
		{"choice", "?.demo", m{"project": "home"}, m{"name": "demo", "domain": m{"id": "default"}}, m{"unscoped": m{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := configured(t, service.URL+"/identity/v3", c.options)
			_, _ = login(t, a, c.login) // the test checks the request, not the answer
			user, _ := at(service.body, "auth", "identity", "password", "user").(m)
			delete(user, "password")
			if diff := cmp.Diff(c.user, any(user)); diff != "" {
				t.Errorf("user (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.scope, at(service.body, "auth", "scope")); diff != "" {
				t.Errorf("scope (-want +got)\n%s", diff)
			}
		})
	}
}

func TestRenewStaysInProject(t *testing.T) {
	service := newFake(t)
	a := configured(t, service.URL+"/identity/v3", nil)
	id, err := login(t, a, "demo.demo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Renew(t.Context(), id.Grant); err != nil {
		t.Fatal(err)
	}
	if got := at(service.body, "auth", "scope", "project", "id"); got != "7a87265da54a4fd2b9ec97fbc856b108" {
		t.Errorf("renewed for project %v, want the id of the login's", got)
	}
}

func TestFailures(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret backend text", code) }
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
		text   string // in the error, for the operator
		tries  int
	}{
		{"401", func(w http.ResponseWriter, _ *http.Request) { recorded(t, w, 401, "401.json") }, auth.ErrDenied, "answered 401", 1},
		{"403", status(403), auth.ErrDenied, "answered 403", 1},
		{"404", status(404), auth.ErrUnavailable, "check auth_url", 1},
		{"413", status(413), auth.ErrInvalid, "answered 413", 1},
		{"429", status(429), auth.ErrUnavailable, "answered 429", 3},
		{"500", status(500), auth.ErrUnavailable, "answered 500", 3},
		{"503", status(503), auth.ErrUnavailable, "answered 503", 3},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example.net/", http.StatusTemporaryRedirect)
		}, auth.ErrUnavailable, "redirects are not followed", 1},
		{"rubbish", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); _, _ = w.Write([]byte("<html>")) }, auth.ErrUnavailable, "invalid character", 1},
		{"empty object", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); _, _ = w.Write([]byte("{}")) }, auth.ErrUnavailable, "no token", 1},
		{"no token", func(w http.ResponseWriter, _ *http.Request) { recorded(t, w, 201, "v3.json") }, auth.ErrUnavailable, "no token", 1},
		{"no catalog", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Subject-Token", "t")
			recorded(t, w, 201, "v3-unscoped.json")
		}, auth.ErrDenied, "no default project", 1},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, auth.ErrUnavailable, "EOF", 3},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(201)
			for chunk := bytes.Repeat([]byte(" "), 1<<20); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, auth.ErrUnavailable, "EOF", 1},
		{"hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, auth.ErrUnavailable, "no answer within 1s", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := newFake(t)
			service.answer = c.answer
			options := map[string]any{}
			if c.name == "hang" {
				options["timeout"] = "1s"
			}
			a := configured(t, service.URL+"/v3", options)
			_, err := login(t, a, "demo.demo")
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "secret backend text")) {
				t.Errorf("error %q should say %q and nothing of what the service wrote", err, c.text)
			}
			if n := service.Requests(); n != c.tries {
				t.Errorf("asked %d times, want %d", n, c.tries)
			}
		})
	}
}

func TestRecovers(t *testing.T) {
	service := newFake(t)
	service.answer = func(w http.ResponseWriter, _ *http.Request) {
		service.mu.Lock()
		service.answer = nil
		service.mu.Unlock()
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	if _, err := login(t, configured(t, service.URL+"/identity/v3", nil), "demo.demo"); err != nil {
		t.Errorf("one 503 failed the login: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	service := newFake(t)
	service.Close()
	_, err := login(t, configured(t, service.URL, nil), "demo.demo")
	if !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want %v that says that the connection was refused", err, auth.ErrUnavailable)
	}
}

func TestNoEndpoint(t *testing.T) {
	service := newFake(t)
	_, err := login(t, configured(t, service.URL+"/identity/v3", map[string]any{"region": "Mars"}), "demo.demo")
	if !errors.Is(err, auth.ErrUnavailable) || !strings.Contains(err.Error(), `public in region "RegionTwo"`) {
		t.Errorf("got %v, want %v that lists what there is", err, auth.ErrUnavailable)
	}
}

func TestCancelled(t *testing.T) {
	service := newFake(t)
	asked := make(chan struct{})
	service.answer = func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := configured(t, service.URL, nil).Authenticate(ctx, auth.Request{User: "a.b", Method: auth.Password, Password: "x"})
	if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v and %v", err, auth.ErrUnavailable, context.Canceled)
	}
}

func TestDiagnostics(t *testing.T) {
	for _, c := range []struct {
		name, attribute string
		url             string
		options         map[string]any
	}{
		{"no URL", "auth_url", "keystone.example.net", nil},
		{"ftp", "auth_url", "ftp://keystone.example.net", nil},
		{"password in URL", "auth_url", "http://u:p@keystone.example.net", nil},
		{"version", "version", "http://k/", map[string]any{"version": "4"}},
		{"contradiction", "version", "http://k/v3", map[string]any{"version": "2.0"}},
		{"interface", "interface", "http://k/", map[string]any{"interface": "outside"}},
		{"timeout", "timeout", "http://k/", map[string]any{"timeout": "20"}},
		{"ca_file", "ca_file", "http://k/", map[string]any{"ca_file": "testdata/missing.pem"}},
		{"no certificate", "ca_file", "http://k/", map[string]any{"ca_file": "testdata/401.json"}},
		{"storage_url", "storage_url", "http://k/", map[string]any{"storage_url": "x"}},
		{"separator", "tenant_separator", "http://k/", map[string]any{"tenant_separator": "="}},
		{"totp_digits", "totp_digits", "http://k/", map[string]any{"totp_digits": -1}},
		{"cache_for", "cache_for", "http://k/", map[string]any{"cache_for": "1"}},
		{"separators", "domain_separator", "http://k/", map[string]any{"tenant_separator": "@", "domain_separator": "@@"}},
		{"default_domain", "default_domain", "http://k/", map[string]any{"default_domain": ""}},
		{"service_type", "service_type", "http://k/", map[string]any{"service_type": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := configure(t, c.url, c.options)
			if len(diags) != 1 || diags[0].Attribute != c.attribute || diags[0].Summary == "" || diags[0].Detail == "" {
				t.Errorf("got %+v, want one diagnostic for %s", diags, c.attribute)
			}
		})
	}
}
