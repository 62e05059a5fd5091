package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// TestReload checks that a changed file applies at once. A bad or missing file changes nothing, and
// is logged once.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.hcl")
	hash, err := userfile.NewHash("secret")
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	user := func(name string) string { return fmt.Sprintf("user %q { password = %q }\n", name, hash) }
	write(user("alice"))
	var log bytes.Buffer
	a := configured(t, file, &log)
	want := func(name string, want error) {
		t.Helper()
		_, err := a.Authenticate(t.Context(), auth.Request{User: name, Method: auth.Password, Password: "secret"})
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	want("alice", nil)
	want("bob", auth.ErrUnknownUser)

	write(user("alice") + user("bob"))
	want("bob", nil)
	if got := log.String(); !strings.Contains(got, "2 users") {
		t.Errorf("the log has %q", got)
	}

	for what, spoil := range map[string]func(){
		"bad":  func() { write(user("carl") + "user {") },
		"gone": func() { os.Remove(file) },
	} {
		log.Reset()
		spoil()
		for range 3 {
			want("alice", nil)
			want("bob", nil)
			want("carl", auth.ErrUnknownUser)
		}
		if n := strings.Count(log.String(), "holds on"); n != 1 {
			t.Errorf("%s: the log tells it %d times:\n%s", what, n, log.String())
		}
	}

	log.Reset()
	write(user("carl"))
	want("carl", nil)
	want("alice", auth.ErrUnknownUser)
}

func configured(t *testing.T, file string, log *bytes.Buffer) auth.Authenticator {
	t.Helper()
	values, err := json.Marshal(map[string]any{"file": file})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := authplugin.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	a, diags := kind(log).Configure(authplugin.Config{Values: values, Sealer: sealer})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return a
}

// TestReloadKeepsStorages checks that the authenticators of storages keep their connections when
// another part of the file changes.
func TestReloadKeepsStorages(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.hcl")
	storage := func(name, path string) string {
		return fmt.Sprintf("storage \"swiftv1\" %q { auth_url = \"http://127.0.0.1:1/%s\" }\n", name, path)
	}
	sealer, err := authplugin.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	l := &loader{name: file, sealer: sealer}
	load := func(text string) *content {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := l.load()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := load(storage("a", "a") + storage("b", "b"))
	second := load(storage("a", "a") + storage("b", "other") + "user \"x\" {}\n")
	if first.storages["a"] != second.storages["a"] {
		t.Error("a storage that has not changed was made anew")
	}
	if first.storages["b"] == second.storages["b"] || second.storages["a"] == second.storages["b"] {
		t.Error("a storage that has changed was not made anew")
	}
}

// TestHashingIsBounded checks that the number of concurrent password checks is limited, and that a
// login waits no longer than its context allows.
func TestHashingIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.hcl")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a := configured(t, file, &log).(*Authenticator)
	for range cap(a.hashing) {
		a.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	_, err := a.Authenticate(ctx, auth.Request{User: "alice", Method: auth.Password, Password: "secret"})
	if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v for being cancelled", err, auth.ErrUnavailable)
	}
}
