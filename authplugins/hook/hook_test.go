package hook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"filegate/core/auth"
)

func request(user string, password auth.Secret) auth.Request {
	return auth.Request{
		User: user, Method: auth.Password, Password: password, Service: "ssh", SessionID: "s1", Client: "SSH-2.0-test",
		Remote: netip.MustParseAddrPort("192.0.2.7:50022"), Local: netip.MustParseAddrPort("[2001:db8::1]:22"),
	}
}

func TestQuestion(t *testing.T) {
	s := newSite(t)
	var got []map[string]any
	s.answer = func(question []byte) []byte {
		var q map[string]any
		if err := json.Unmarshal(question, &q); err != nil {
			t.Error(err)
		}
		got = append(got, q)
		return decide(question)
	}
	a := mustConfigure(t, s.values(t))
	resp, err := a.Authenticate(t.Context(), request("alice", password))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Authenticate(t.Context(), auth.Request{User: "alice", Method: auth.PublicKey, PublicKey: []byte(key), Verified: true}); err != nil {
		t.Fatal(err)
	}
	if err := auth.Revalidate(t.Context(), a, *resp.Identity); err != nil {
		t.Fatal(err)
	}
	grant := map[string]any{"endpoint": "https://swift.example.net/v1/AUTH_demo", "token": "storage-token", "expires": 4102444800.0, "renewal": "renew alice"}
	want := []map[string]any{
		{
			"op": "authenticate", "user": "alice", "method": "password", "service": "ssh", "session_id": "s1",
			"remote": "192.0.2.7:50022", "local": "[2001:db8::1]:22", "client": "SSH-2.0-test", "password": password,
		},
		{"op": "authenticate", "user": "alice", "method": "publickey", "public_key": "AAAAC3NzaC1lZDI1NTE5IGlzIHdoYXQgdGhpcyB3b3VsZCBiZQ==", "verified": true},
		{"op": "revalidate", "user": "alice", "identity": map[string]any{
			"user": "alice", "groups": []any{"staff"}, "permissions": []any{"read", "list"}, "cache_seconds": 60.0, "grant": grant,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnswer(t *testing.T) {
	s := newSite(t)
	a := mustConfigure(t, s.values(t))
	s.answer = func([]byte) []byte {
		return []byte(`{"identity": {"user": "Alice", "groups": ["staff"], "home": "/files", "permissions": ["read"],
			"rules": [{"path": "/in", "permissions": ["write"]}, {"path": "/no", "permissions": []}],
			"limits": {"sessions": 4, "upload_rate": 1, "download_rate": 2, "session_bytes": 3},
			"cache_seconds": 90, "message": "Welcome.",
			"grant": {"endpoint": "https://s.example.net/v1/a", "token": "t", "expires": 1893456000, "region": "r", "extra": {"a": "b"}}}}` + "\n")
	}
	resp, err := a.Authenticate(t.Context(), request("alice", password))
	if err != nil {
		t.Fatal(err)
	}
	want := auth.Identity{
		User: "Alice", Groups: []string{"staff"}, Home: "/files", Permissions: []auth.Permission{auth.Read},
		Rules:    []auth.Rule{{Path: "/in", Permissions: []auth.Permission{auth.Write}}, {Path: "/no"}},
		Limits:   auth.Limits{Sessions: 4, UploadRate: 1, DownloadRate: 2, SessionBytes: 3},
		CacheFor: 90 * time.Second, Message: "Welcome.",
		Grant: auth.Grant{Endpoint: "https://s.example.net/v1/a", Token: "t", Expires: time.Unix(1893456000, 0), Region: "r", Extra: map[string]string{"a": "b"}},
	}
	if diff := cmp.Diff(want, *resp.Identity); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// A grant without a renewal is not renewed.
	if _, err := a.Renew(t.Context(), resp.Identity.Grant); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("Renew got %v, want %v", err, auth.ErrDenied)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	a := mustConfigure(t, s.values(t))
	for answer, want := range map[string]error{
		`{"refusal": {"kind": "denied"}}`:       auth.ErrDenied,
		`{"refusal": {"kind": "unknown_user"}}`: auth.ErrUnknownUser,
		`{"refusal": {"kind": "unavailable"}}`:  auth.ErrUnavailable,
		`{"refusal": {"kind": "method"}}`:       auth.ErrMethod,
		`{"refusal": {"kind": "invalid"}}`:      auth.ErrInvalid,
		`{"unsupported": true}`:                 auth.ErrMethod,
	} {
		s.answer = func([]byte) []byte { return []byte(answer) }
		if _, err := a.Authenticate(t.Context(), request("alice", password)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", answer, err, want)
		}
	}
	s.answer = func([]byte) []byte {
		return []byte(`{"refusal": {"kind": "denied", "detail": "the account is closed", "client_text": "ask the office"}}`)
	}
	_, err := a.Authenticate(t.Context(), request("alice", password))
	if !errors.Is(err, auth.ErrDenied) || auth.ClientText(err) != "ask the office" || !strings.Contains(err.Error(), "the account is closed") {
		t.Errorf("got %v, with %q for the client", err, auth.ClientText(err))
	}
}

// noAnswers returns invalid answers, none of which may log a user in or mean yes.
func noAnswers() map[string]string {
	return map[string]string{
		"nothing":              "",
		"null":                 "null",
		"a list":               "[]",
		"text":                 "alice may come in",
		"half":                 `{"identity": {"user": "alice"`,
		"more":                 `{"identity": {"user": "alice"}} {"refusal": {"kind": "denied"}}`,
		"two things":           `{"identity": {"user": "alice"}, "refusal": {"kind": "denied"}}`,
		"no user":              `{"identity": {"home": "/"}}`,
		"a slip of the pen":    `{"identity": {"user": "alice", "permission": ["read"]}}`,
		"a slip further in":    `{"identity": {"user": "alice", "rules": [{"path": "/x", "permission": []}]}}`,
		"no permissions":       `{"identity": {"user": "alice", "permissions": []}}`,
		"a wrong type":         `{"identity": {"user": "alice", "grant": {"token": 5}}}`,
		"an unknown refusal":   `{"refusal": {"kind": "maybe"}}`,
		"an empty refusal":     `{"refusal": {}}`,
		"a grant":              `{"grant": {"token": "t0ken-in-answer"}}`,
		"a number of seconds":  `{"identity": {"user": "alice", "cache_seconds": "t0ken-in-answer"}}`,
		"a name with the text": `{"identity": {"user": "alice", "grant": {"toke": "t0ken-in-answer"}}}`,
		"an empty object":      `{}`,
	}
}

func TestNoAnswer(t *testing.T) {
	s := newSite(t)
	a := mustConfigure(t, s.values(t))
	for name, text := range noAnswers() {
		s.answer = func([]byte) []byte { return []byte(text) }
		resp, err := a.Authenticate(t.Context(), request("alice", password))
		if !errors.Is(err, auth.ErrUnavailable) || resp.Identity != nil {
			t.Errorf("%s: got %v, %v, want %v", name, resp.Identity, err, auth.ErrUnavailable)
		}
		if err != nil && strings.Contains(err.Error(), "t0ken-in-answer") {
			t.Errorf("%s: the error has what may be a token: %v", name, err)
		}
	}
	identity := auth.Identity{User: "alice"}
	for _, text := range []string{"", "null", "true", `{"identity": {"user": "alice"}}`, `{"ok": true}`} {
		s.answer = func([]byte) []byte { return []byte(text) }
		if err := auth.Revalidate(t.Context(), a, identity); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Revalidate, %q: got %v, want %v", text, err, auth.ErrUnavailable)
		}
	}
}

// TestStatus checks that a status other than 200 is an outage, not a refusal, whatever the body
// says.
func TestStatus(t *testing.T) {
	for _, code := range []int{201, 204, 301, 401, 403, 404, 500, 503} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			if code != 204 {
				w.Write([]byte(`{"identity": {"user": "alice"}}`))
			}
		}))
		_, err := mustConfigure(t, map[string]any{"url": server.URL}).Authenticate(t.Context(), request("alice", password))
		if !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%d: got %v, want %v", code, err, auth.ErrUnavailable)
		}
		server.Close()
	}
}

func TestProgramFails(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"exits with 3":     {"cat >/dev/null; echo '{\"identity\": {\"user\": \"alice\"}}'; exit 3", "exit status 3"},
		"is killed":        {"kill -9 $$", "signal: killed"},
		"floods":           {"yes", "more than"},
		"writes nothing":   {":", "no JSON object"},
		"writes something": {"echo hello", "no JSON object"},
		"hangs":            {"exec sleep 1000", "within"},
		"leaves a child":   {"sleep 1000 & wait", "within"},
	} {
		t.Run(name, func(t *testing.T) {
			a := mustConfigure(t, map[string]any{"command": []string{script(t, "#!/bin/sh\n"+c.text+"\n")}, "timeout": "300ms"})
			if c.want != "within" {
				a = mustConfigure(t, map[string]any{"command": []string{script(t, "#!/bin/sh\n"+c.text+"\n")}})
			}
			resp, err := a.Authenticate(t.Context(), request("alice", password))
			if !errors.Is(err, auth.ErrUnavailable) || resp.Identity != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error with %q", resp.Identity, err, c.want)
			}
		})
	}
}

// TestProgramsWorld checks that a program gets no environment or arguments except those from the
// operator, and that it may answer without reading the question.
func TestProgramsWorld(t *testing.T) {
	t.Setenv("FILEGATE_SECRET", "hunter2")
	seen := filepath.Join(t.TempDir(), "seen")
	name := script(t, "#!/bin/sh\n{ env | grep -v '^_=\\|^PWD=\\|^SHLVL='; pwd; echo \"$@\"; } >"+seen+"\necho '{\"identity\": {\"user\": \"alice\"}}'\n")
	a := mustConfigure(t, map[string]any{"command": []string{name, "$HOME", "a b"}})
	if _, err := a.Authenticate(t.Context(), request("alice", password)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if want := "PATH=/usr/local/bin:/usr/bin:/bin\nLANG=C.UTF-8\n/\n$HOME a b\n"; string(got) != want && string(got) != "LANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\n/\n$HOME a b\n" {
		t.Errorf("the program saw\n%swant\n%s", got, want)
	}
}

// TestConcurrency checks that the number of concurrent questions is limited, and that a login waits
// no longer than its context allows.
func TestConcurrency(t *testing.T) {
	s := newSite(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	s.answer = func(question []byte) []byte {
		arrived <- struct{}{}
		<-release
		return decide(question)
	}
	values := s.values(t)
	values["concurrency"] = 2
	a := mustConfigure(t, values)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := a.Authenticate(t.Context(), request("alice", password)); err != nil {
				t.Error(err)
			}
		})
		<-arrived
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, err := a.Authenticate(ctx, request("alice", password)); !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the third got %v, want %v for being cancelled", err, auth.ErrUnavailable)
	}
	close(release)
	wg.Wait()
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d questions were asked, want 2", n)
	}
}

// TestOperations checks that the hook gets no questions that the configuration does not list.
func TestOperations(t *testing.T) {
	s := newSite(t)
	values := s.values(t)
	identity, err := mustConfigure(t, values).Authenticate(t.Context(), request("alice", password))
	if err != nil {
		t.Fatal(err)
	}
	delete(values, "operations")
	delete(values, "methods")
	a := mustConfigure(t, values)
	before := s.requests.Load()
	if _, err := a.Renew(t.Context(), identity.Identity.Grant); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("Renew got %v, want %v", err, auth.ErrDenied)
	}
	if err := a.(auth.Revalidator).Revalidate(t.Context(), *identity.Identity); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Revalidate got %v, want %v", err, errors.ErrUnsupported)
	}
	if err := a.(auth.Releaser).Release(t.Context(), identity.Identity.Grant); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Release got %v, want %v", err, errors.ErrUnsupported)
	}
	if _, err := a.Authenticate(t.Context(), auth.Request{User: "alice", Method: auth.PublicKey, PublicKey: []byte(key), Verified: true}); !errors.Is(err, auth.ErrMethod) {
		t.Errorf("a key got %v, want %v", err, auth.ErrMethod)
	}
	if n := s.requests.Load(); n != before {
		t.Errorf("the hook was asked %d times", n-before)
	}
}

// TestSealedTexts checks that texts from the hook are valid only for the user and the use that they
// were made for.
func TestSealedTexts(t *testing.T) {
	s := newSite(t)
	a := mustConfigure(t, s.values(t))
	first := auth.Request{User: "alice", Method: auth.Interactive}
	resp, err := a.Authenticate(t.Context(), first)
	if err != nil || resp.Next == nil {
		t.Fatal(resp, err)
	}
	state := resp.Next.State
	if strings.Contains(string(state), "asked") {
		t.Error("the state is readable")
	}
	other := auth.Request{User: "bob", Method: auth.Interactive, State: state, Answers: []auth.Secret{password}}
	if _, err := a.Authenticate(t.Context(), other); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("another user's state: got %v, want %v", err, auth.ErrDenied)
	}
	if _, err := a.Renew(t.Context(), auth.Grant{Renewal: state}); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a state as a renewal: got %v, want %v", err, auth.ErrDenied)
	}
	first.State, first.Answers = state, []auth.Secret{password}
	if resp, err := a.Authenticate(t.Context(), first); err != nil || resp.Identity == nil {
		t.Errorf("the second step: %v, %v", resp, err)
	}
}

func TestDiagnostics(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, attribute string
		values          map[string]any
	}{
		{"nobody to ask", "", map[string]any{}},
		{"two to ask", "", map[string]any{"command": []string{self}, "url": "https://hook.example.net/"}},
		{"a relative name", "command", map[string]any{"command": []string{"hook.sh"}}},
		{"no such program", "command", map[string]any{"command": []string{"/no/such/hook"}}},
		{"not to be executed", "command", map[string]any{"command": []string{plain}}},
		{"no URL", "url", map[string]any{"url": "hook.example.net"}},
		{"in the clear", "url", map[string]any{"url": "http://hook.example.net/"}},
		{"no such CA", "ca_file", map[string]any{"url": "https://hook.example.net/", "ca_file": "/no/such/ca.pem"}},
		{"a CA for a program", "ca_file", map[string]any{"command": []string{self}, "ca_file": caFile(t, newSite(t).Server)}},
		{"a token for a program", "token", map[string]any{"command": []string{self}, "token": "x"}},
		{"a token of two lines", "token", map[string]any{"url": "https://hook.example.net/", "token": "a\nb"}},
		{"timeout", "timeout", map[string]any{"command": []string{self}, "timeout": "5"}},
		{"method", "methods", map[string]any{"command": []string{self}, "methods": []string{"pigeon"}}},
		{"operation", "operations", map[string]any{"command": []string{self}, "operations": []string{"authenticate", "fly"}}},
		{"no logins", "operations", map[string]any{"command": []string{self}, "operations": []string{"renew"}}},
		{"concurrency", "concurrency", map[string]any{"command": []string{self}, "concurrency": 1.5}},
		{"no concurrency", "concurrency", map[string]any{"command": []string{self}, "concurrency": 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := configure(t, c.values)
			if len(diags) != 1 || diags[0].Attribute != c.attribute || diags[0].Summary == "" || diags[0].Detail == "" {
				t.Errorf("got %+v, want one about %q", diags, c.attribute)
			}
		})
	}
}
