package keystone_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/core/auth"
)

// TestOldServers checks logins and options against sftp-cloudfs and ftp-cloudfs, row by row. Rows
// beginning with A are options, with B behaviour. If the old servers were wrong, the row has the
// correct result.
func TestOldServers(t *testing.T) {
	type m = map[string]any
	named := func(name, domain string) m {
		if domain == "default" {
			return m{"name": name, "domain": m{"id": "default"}}
		}
		return m{"name": name, "domain": m{"name": domain}}
	}
	for _, c := range []struct {
		row, login string
		options    m
		user       m // of the request to Keystone
		project    m // nil: none
	}{
		{"B1 the login is the cloud's own", "demo.demo", nil, named("demo", "default"), named("demo", "default")},
		{"B3 tenant and user, split at the first separator", "tenant.user.name", nil, named("user.name", "default"), named("tenant", "default")},
		{"B4 v3: project and user with their domains", "p@pd.u@ud", nil, named("u", "ud"), named("p", "pd")},
		{"B4 v3: a domain left out is the default one", "p.u@ud", nil, named("u", "ud"), named("p", "default")},
		{"B4 v3: the other one left out", "p@pd.u", nil, named("u", "default"), named("p", "pd")},
		{"B4 names and ids", "id=0p.id=0u", nil, m{"id": "0u"}, m{"id": "0p"}},
		{"B5 a project's domain with a dot", "p@example.com.alice@corp", nil, named("alice", "corp"), named("p", "example.com")},
		{"B5 both domains with dots", "p@a.example.com.alice@b.example.com", nil, named("alice", "b.example.com"), named("p", "a.example.com")},
		{"B5 a user's domain with a dot, and no project", ".alice@example.com", nil, named("alice", "example.com"), nil},
		{"B6 v3: no separator at all", "alice", nil, named("alice", "default"), nil},
		{"A14 version 3", "demo.demo", m{"version": "3"}, named("demo", "default"), named("demo", "default")},
		{"A16 another tenant separator", "p:first.last", m{"tenant_separator": ":"}, named("first.last", "default"), named("p", "default")},
		{"A16 no tenant separator", "p.alice", m{"tenant_separator": ""}, named("p.alice", "default"), nil},
		{"A17 another domain separator", "p%pd.u@x%ud", m{"domain_separator": "%"}, named("u@x", "ud"), named("p", "pd")},
		{"A17 no domain separator", "p.u@example.com", m{"domain_separator": ""}, named("u@example.com", "default"), named("p", "default")},
	} {
		t.Run(c.row, func(t *testing.T) {
			service := newFake(t)
			path := "/identity/v3"
			if c.options["version"] != nil {
				path = "/identity"
			}
			// The test checks the request, not the answer.
			_, _ = login(t, configured(t, service.URL+path, c.options), c.login)
			user, _ := at(service.body, "auth", "identity", "password", "user").(m)
			delete(user, "password")
			if diff := cmp.Diff(c.user, user); diff != "" {
				t.Errorf("user (-want +got)\n%s", diff)
			}
			project, _ := at(service.body, "auth", "scope", "project").(m)
			if diff := cmp.Diff(c.project, project); diff != "" {
				t.Errorf("project (-want +got)\n%s", diff)
			}
		})
	}

	// The catalog in the recorded answer has two regions and three interfaces.
	const account = "/v1/AUTH_7a87265da54a4fd2b9ec97fbc856b108"
	for _, c := range []struct {
		row      string
		path     string
		options  m
		endpoint string // empty: no endpoint matches
	}{
		{"A13 Keystone's address", "/identity/v3", nil, "http://one.example.net" + account},
		{"A14 version 2.0", "/v2.0", m{"version": "2.0"}, "http://one.example.net" + account},
		{"A15 region", "/identity/v3", m{"region": "RegionTwo"}, "http://two.example.net" + account},
		{"A15 a region that there is not", "/identity/v3", m{"region": "Mars"}, ""},
		{"A18 service type", "/identity/v3", m{"service_type": "identity"}, "http://127.0.0.1:5000/v3"},
		{"A18 a service that there is not", "/identity/v3", m{"service_type": "s3"}, ""},
		{"A19 endpoint type", "/identity/v3", m{"interface": "internalURL"}, "http://internal.example.net" + account},
		{"B7 the storage URL is the catalog's", "/identity/v3", m{"interface": "admin"}, "http://admin.example.net" + account},
	} {
		t.Run(c.row, func(t *testing.T) {
			service := newFake(t)
			id, err := login(t, configured(t, service.URL+c.path, c.options), "demo.demo")
			switch {
			case c.endpoint == "" && !errors.Is(err, auth.ErrUnavailable):
				t.Errorf("got %+v, %v, want %v", id, err, auth.ErrUnavailable)
			case c.endpoint != "" && (err != nil || id.Grant.Endpoint != c.endpoint):
				t.Errorf("got %+v, %v, want %s", id, err, c.endpoint)
			}
			if n := service.Requests(); n != 1 {
				t.Errorf("B7: the login took %d requests, want 1", n)
			}
		})
	}

	t.Run("B2 nothing is asked about an empty user or password", func(t *testing.T) {
		service := newFake(t)
		a := configured(t, service.URL+"/v3", nil)
		for _, r := range []auth.Request{{User: "demo.demo"}, {Password: "demopass"}, {}} {
			r.Method = auth.Password
			if _, err := a.Authenticate(t.Context(), r); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("got %v, want %v", err, auth.ErrDenied)
			}
		}
		if service.Requests() != 0 {
			t.Error("Keystone was asked")
		}
	})
	t.Run("B11 Keystone's log shows the client", func(t *testing.T) {
		service := newFake(t)
		id, err := login(t, configured(t, service.URL+"/identity/v3", nil), "demo.demo")
		if err != nil {
			t.Fatal(err)
		}
		a := configured(t, service.URL+"/identity/v3", nil)
		service.header = nil
		if _, err := a.Renew(t.Context(), id.Grant); err != nil {
			t.Fatal(err)
		}
		if got := service.header.Get("X-Forwarded-For"); got != "192.0.2.7" {
			t.Errorf("a renewal has X-Forwarded-For %q", got)
		}
	})
	t.Run("B15 no text of Keystone's reaches a client", func(t *testing.T) {
		service := newFake(t)
		service.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":{"message":"user 4711 of ldap.internal is unknown"}}`))
		}
		_, err := login(t, configured(t, service.URL+"/v3", nil), "demo.demo")
		if !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) != "" || strings.Contains(err.Error(), "ldap.internal") {
			t.Errorf("got %v with the text %q", err, auth.ClientText(err))
		}
	})
	t.Run("B16 listings show the user and the project alone", func(t *testing.T) {
		id, err := login(t, configured(t, newFake(t).URL+"/identity/v3", nil), "demo@default.demo@default")
		if err != nil || id.User != "demo" || id.Groups[0] != "demo" {
			t.Errorf("got %+v, %v", id, err)
		}
	})
}

// TestRefusals checks the texts for the log and for the client of refusals with a known reason.
func TestRefusals(t *testing.T) {
	const user = "7a87265da54a4fd2b9ec97fbc856b108"
	for _, c := range []struct {
		name    string
		login   string
		code    int
		message string
		want    error
		text    string // a part of the text for the client
		detail  string // a part of the text for the log
	}{
		{"wrong password", "a.b", 401, "The request you have made requires authentication.", auth.ErrDenied, "", "401"},
		{"expired", "a.b", 401, "The password is expired and needs to be changed for user: " + user + ".", auth.ErrDenied, "has expired", "the password has expired"},
		{"disabled", "a.b", 401, "The account is disabled for user: " + user + ".", auth.ErrDenied, "", "is disabled"},
		{"locked", "a.b", 401, "The account is locked for user: " + user + ".", auth.ErrDenied, "", "is locked"},
		{"method", "app=1", 401, "Attempted to authenticate with an unsupported method.", auth.ErrDenied, "", "keystone.conf"},
		{"forbidden", "trust=1.b", 403, "You are not authorized to perform the requested action.", auth.ErrDenied, "", "403"},
		{"unknown credential", "app=1", 404, "Could not find Application Credential: 1.", auth.ErrDenied, "", "no such application credential"},
		{"unknown owner", "app=x.nobody", 404, "Could not find user: nobody.", auth.ErrDenied, "", "no such application credential or user"},
		{"404 for a password", "a.b", 404, "The resource could not be found.", auth.ErrUnavailable, "", "check auth_url"},
		{"404 of somebody else", "app=1", 404, "", auth.ErrUnavailable, "", "check auth_url"},
		{"bad request", "a.b", 400, "Expecting to find domain in user.", auth.ErrInvalid, "", "400"},
		{"outage that mentions a password", "a.b", 503, "The password is expired", auth.ErrUnavailable, "", "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			service := newFake(t)
			service.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Openstack-Request-Id", "req-cabaf474-92bc-4e14-b2f9-e64848b5865b")
				w.WriteHeader(c.code)
				if c.message != "" {
					_, _ = w.Write([]byte(`{"error":{"code":0,"message":"` + c.message + `","title":"x"}}`))
				}
			}
			_, err := login(t, configured(t, service.URL+"/v3", nil), c.login)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			text := auth.ClientText(err)
			if (text == "") != (c.text == "") || !strings.Contains(text, c.text) {
				t.Errorf("the client reads %q, want %q", text, c.text)
			}
			for _, want := range []string{c.detail, "req-cabaf474"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the log has %q, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), user) {
				t.Errorf("the log repeats what Keystone wrote: %v", err)
			}
		})
	}
}
