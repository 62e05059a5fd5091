package hook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/authtest"
	"filegate/authplugins/hook"
	"filegate/core/auth"
)

const (
	password = "correct horse"
	key      = "\x00\x00\x00\x0bssh-ed25519 is what this would be"
	secret   = "token-of-the-hook"
)

// asHook makes the test binary the program of a hook, which answers like decide.
const asHook = "as-hook"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asHook {
		question, err := io.ReadAll(os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(decide(question))
		// With the race detector a process sleeps for a second before it exits.
		fmt.Fprintln(os.Stderr, syscall.Exec("/bin/true", []string{"true"}, nil))
		os.Exit(1)
	}
	authtest.Main(m, hook.Kind())
}

type object = map[string]any

// decide is a hook with all features.
func decide(text []byte) []byte {
	var q struct {
		Op        string   `json:"op"`
		User      string   `json:"user"`
		Method    string   `json:"method"`
		Password  string   `json:"password"`
		PublicKey []byte   `json:"public_key"`
		Answers   []string `json:"answers"`
		State     string   `json:"state"`
		Grant     struct {
			Renewal string `json:"renewal"`
		} `json:"grant"`
		Identity struct {
			Grant struct {
				Renewal string `json:"renewal"`
			} `json:"grant"`
		} `json:"identity"`
	}
	if err := json.Unmarshal(text, &q); err != nil {
		return []byte(err.Error())
	}
	grant := object{"endpoint": "https://swift.example.net/v1/AUTH_demo", "token": "storage-token", "expires": 4102444800, "renewal": "renew " + q.User}
	yes := object{"identity": object{"user": q.User, "groups": []string{"staff"}, "permissions": []string{"read", "list"}, "cache_seconds": 60, "grant": grant}}
	no := func(kind string) object { return object{"refusal": object{"kind": kind}} }
	answer := no("denied")
	switch {
	case q.Op == "renew" && q.Grant.Renewal == "renew "+q.User:
		answer = object{"grant": grant}
	case q.Op == "revalidate" && q.Identity.Grant.Renewal == "renew "+q.User, q.Op == "release":
		answer = object{}
	case q.Op != "authenticate":
	case q.User != "alice":
		answer = no("unknown_user")
	case q.Method == "password" && q.Password == password,
		(q.Method == "publickey" || q.Method == "tls-certificate") && string(q.PublicKey) == key,
		q.Method == "keyboard-interactive" && q.State == "asked alice" && len(q.Answers) == 1 && q.Answers[0] == password:
		answer = yes
	case q.Method == "keyboard-interactive" && q.State == "" && len(q.Answers) == 0:
		answer = object{"next": object{"methods": []string{"keyboard-interactive"}, "prompts": []object{{"text": "Password: "}}, "state": "asked alice"}}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		return []byte(err.Error())
	}
	return out
}

// site is a hook at a web address.
type site struct {
	*httptest.Server
	requests atomic.Int64
	answer   func(question []byte) []byte
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{answer: decide}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+secret || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not a hook's question", http.StatusForbidden)
			return
		}
		question, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Write(s.answer(question))
	}))
	t.Cleanup(s.Close)
	return s
}

// values returns a configuration for the site, with all operations and methods.
func (s *site) values(t *testing.T) map[string]any {
	t.Helper()
	return all(map[string]any{"url": s.URL + "/login", "ca_file": caFile(t, s.Server), "token": secret})
}

// all allows all operations and methods.
func all(values map[string]any) map[string]any {
	values["methods"] = []string{"password", "publickey", "keyboard-interactive", "tls-certificate"}
	values["operations"] = []string{"authenticate", "renew", "revalidate", "release"}
	return values
}

// script writes a program to a file and returns its name.
func script(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

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
	return hook.Kind().Configure(authplugin.Config{Values: text, Sealer: sealer})
}

func mustConfigure(t *testing.T, values map[string]any) auth.Authenticator {
	t.Helper()
	a, diags := configure(t, values)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return a
}
