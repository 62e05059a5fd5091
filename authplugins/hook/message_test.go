package hook

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"filegate/core/auth"
)

// FuzzParseAnswer passes arbitrary text to parseAnswer. An accepted identity must come alone, an
// error must be short, and a refusal must have one of auth's kinds.
func FuzzParseAnswer(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `{"identity": {"user": "alice", "permissions": ["read"], "grant": {"token": "t"}}}`, `{"identity": {"permissions": []}}`,
		`{"refusal": {"kind": "denied"}, "unsupported": true}`, `{"next": {"methods": ["password"]}}`, `{"IDENTITY": {"User": "a"}}`, `{"a": 1}`, `{"identity": 5`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parseAnswer(text)
		if err != nil {
			if len(err.Error()) > 300 {
				t.Fatalf("a long error: %v", err)
			}
			return
		}
		if a.Identity != nil && (a.Next != nil || a.Grant != nil || a.Refusal != nil || a.Unsupported) {
			t.Fatalf("several things at once: %s", text)
		}
		if a.Identity != nil && a.Identity.Permissions != nil && len(a.Identity.Permissions) == 0 {
			t.Fatalf("none means all: %s", text)
		}
		if a.Refusal == nil {
			return
		}
		kind := a.Refusal.err()
		if !slices.ContainsFunc(auth.Kinds(), func(k error) bool { return errors.Is(kind, k) }) {
			t.Fatalf("a refusal of no kind: %v", kind)
		}
	})
}

// TestParseAnswerErrors checks that an error names the wrong member, without the values beside it.
func TestParseAnswerErrors(t *testing.T) {
	const secret = "hunter2"
	for text, want := range map[string]string{
		`{"identity": {"grant": {"toke": "hunter2"}}}`:      `"toke"`,
		`{"identity": {"grant": {"expires": "hunter2"}}}`:   "expires",
		`{"identity": {"grant": {"token": "hunter2"}`:       "no whole JSON object",
		`{"identity": {"grant": {"token": "hunter2"}}} x`:   "goes on",
		`{"identity": {"grant": {"token": "hunter2" "x"}}}`: "at byte",
		`hunter2`: "no JSON object",
	} {
		_, err := parseAnswer([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want an error with %q and without the secret", text, err, want)
		}
	}
}
