package userfile

import (
	"strings"
	"testing"

	"filegate/core/auth"
)

const testKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func mustKey(t *testing.T, text string) Key {
	t.Helper()
	key, err := ParseKey(auth.Secret(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestSeal checks that a sealed secret can be opened only with its key, and only for its user,
// storage and login.
func TestSeal(t *testing.T) {
	key, other := mustKey(t, testKey+"\n"), mustKey(t, strings.Replace(testKey, "AAEC", "BBEC", 1))
	sealed := key.Seal("alice", "cloud", "demo.alice", "hunter2")
	if strings.Contains(sealed, "hunter2") || sealed == key.Seal("alice", "cloud", "demo.alice", "hunter2") {
		t.Errorf("sealed as %s, twice the same or readable", sealed)
	}
	if secret, err := key.Open("alice", "cloud", "demo.alice", sealed); err != nil || secret.Reveal() != "hunter2" {
		t.Errorf("it does not open: %v", err)
	}
	changed := []byte(sealed)
	changed[len(changed)-6] ^= 1
	for name, open := range map[string]func() (auth.Secret, error){
		"another key":       func() (auth.Secret, error) { return other.Open("alice", "cloud", "demo.alice", sealed) },
		"no key":            func() (auth.Secret, error) { return Key{}.Open("alice", "cloud", "demo.alice", sealed) },
		"another user":      func() (auth.Secret, error) { return key.Open("bob", "cloud", "demo.alice", sealed) },
		"another storage":   func() (auth.Secret, error) { return key.Open("alice", "clou", "demo.alice", sealed) },
		"another login":     func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.bob", sealed) },
		"a border moved":    func() (auth.Secret, error) { return key.Open("alicec", "loud", "demo.alice", sealed) },
		"changed":           func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.alice", string(changed)) },
		"cut":               func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.alice", sealed[:20]) },
		"another version":   func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.alice", "sealed:2:AAAA") },
		"nothing in it":     func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.alice", sealedPrefix) },
		"not sealed at all": func() (auth.Secret, error) { return key.Open("alice", "cloud", "demo.alice", "hunter2") },
	} {
		if secret, err := open(); err == nil || secret != "" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got a secret of %d bytes, %v", name, len(secret), err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for _, text := range []auth.Secret{"", "secret", "AAAA", auth.Secret(testKey[:40]), testKey + testKey} {
		if _, err := ParseKey(text); err == nil || (text != "" && strings.Contains(err.Error(), text.Reveal())) {
			t.Errorf("a key of %d characters: got %v", len(text), err)
		}
	}
}
