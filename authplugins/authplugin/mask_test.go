package authplugin

import (
	"errors"
	"strings"
	"testing"

	"filegate/core/auth"
)

// TestSecretsAreMasked tests that no secret that the gateway knows is in the log or in an error,
// whatever the program prints.
func TestSecretsAreMasked(t *testing.T) {
	var buf logBuffer
	s := spec(t, programAs(t, "good"), map[string]any{"greeting": "hello", "pin": "pin-of-the-service"})
	s.Log = buf.logger()
	p := mustLaunch(t, impatient(), s)
	_, err := login(t, p, "tells", `pass"word of alice`)
	if !errors.Is(err, auth.ErrDenied) {
		t.Fatalf("login: %v", err)
	}
	eventually(t, "the program's line is in the log", func() bool { return strings.Contains(buf.String(), "the password is") })
	for what, text := range map[string]string{"error": err.Error(), "log": buf.String()} {
		for _, secret := range []string{"word of alice", "pin-of-the-service"} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s has a secret: %s", what, text)
			}
		}
		if !strings.Contains(text, masked) {
			t.Errorf("the %s does not show that something is left out: %s", what, text)
		}
	}
}

func TestMaskedDiagnostics(t *testing.T) {
	_, diags, err := (&Launcher{}).Launch(t.Context(), spec(t, programAs(t, "good"), map[string]any{"greeting": "rude", "pin": "pin-of-the-service"}))
	if err != nil || len(diags) != 1 || diags[0].Detail != "Say hello."+masked {
		t.Errorf("got %+v, %v", diags, err)
	}
}

func TestMasks(t *testing.T) {
	m := newMasks()
	done := m.add("abc", "secret", "secret word", "a/b c&d", `a "word"`)
	for in, want := range map[string]string{
		"abc":                "abc", // too short, could be a part of a word
		"secret word secret": masked + " " + masked,
		"a%2Fb+c%26d":        masked,
		`"a/b c\u0026d"`:     `"` + masked + `"`,
		`"a \"word\""`:       `"` + masked + `"`,
		"nothing":            "nothing",
	} {
		if got := m.clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
	m.lingering = maxLingering // so that no secret is kept after the call
	done()
	if got := m.clean("secret"); got != "secret" || len(m.known) != 0 {
		t.Errorf("after the call %q is left, and %d are known", got, len(m.known))
	}
}
