package hook_test

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filegate/authplugins/authtest"
	"filegate/authplugins/conformance"
	"filegate/authplugins/hook"
	"filegate/core/auth"
	"filegate/core/testneed"
)

// logins returns logins that decide accepts.
func logins() []conformance.Login {
	return []conformance.Login{
		{Method: auth.Password, User: "alice", Password: password},
		{Method: auth.PublicKey, User: "alice", PublicKey: []byte(key)},
		{Method: auth.Certificate, User: "alice", PublicKey: []byte(key)},
		{Method: auth.Interactive, User: "alice", Answer: func(auth.Step) []auth.Secret { return []auth.Secret{password} }},
	}
}

func TestConformanceWeb(t *testing.T) {
	s := newSite(t)
	authtest.Run(t, authtest.Subject{
		Kind: hook.Kind(), Values: s.values(t), Logins: logins(), Unknown: "nobody",
		Requests: func() int { return int(s.requests.Load()) },
	})
}

func TestConformanceProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	authtest.Run(t, authtest.Subject{
		Kind: hook.Kind(), Values: all(map[string]any{"command": []string{self, asHook}}), Logins: logins(), Unknown: "nobody",
	})
}

func caFile(t *testing.T, s *httptest.Server) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestExamples checks that the examples in the package comment work.
func TestExamples(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for interpreter, needs := range map[string]string{"#!/usr/bin/python3\n": "/usr/bin/python3", "#!/bin/sh\n": "jq"} {
		t.Run(needs, func(t *testing.T) {
			if _, err := exec.LookPath(needs); err != nil {
				testneed.Missing(t, "%v", err)
			}
			_, rest, ok := strings.Cut(string(doc), "//\t"+interpreter)
			if !ok {
				t.Fatalf("no example begins with %q", interpreter)
			}
			var text strings.Builder
			text.WriteString(interpreter)
			for l := range strings.Lines(rest) {
				code, ok := strings.CutPrefix(l, "//\t")
				if !ok && l != "//\n" {
					break
				}
				if !ok {
					code = "\n"
				}
				text.WriteString(code)
			}
			name := script(t, text.String())
			a := mustConfigure(t, map[string]any{"command": []string{name}})
			conformed(t, a, conformance.Login{Method: auth.Password, User: "alice", Password: password})
		})
	}
}

// conformed tests a hook that knows one user by a password with all rules.
func conformed(t *testing.T, a auth.Authenticator, l conformance.Login) {
	t.Helper()
	info := hook.Kind().Info
	info.Version = "of the test"
	info.Methods = []auth.Method{auth.Password}
	s := conformance.Subject{Info: info, Authenticator: a, Logins: []conformance.Login{l}, Unknown: "nobody"}
	for _, rule := range conformance.Rules() {
		if rule.Lacks(s) == "" {
			t.Run(rule.Name, func(t *testing.T) { rule.Check(t, s) })
		}
	}
}
