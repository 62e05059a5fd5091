package api

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestQuote(t *testing.T) {
	for plain, quoted := range map[string]string{
		"c/a b":    "c/a%20b",
		"c/100%":   "c/100%25",
		"c/ü?x#y":  "c/%C3%BC%3Fx%23y",
		"c/a\nb":   "c/a%0Ab",
		"c/a//./b": "c/a//./b",
	} {
		if got := Quote(plain); got != quoted {
			t.Errorf("quote(%q) = %q, want %q", plain, got, quoted)
		}
	}
	if got := unquote("c/100%"); got != "c/100%" {
		t.Errorf("unquote of what is not quoted rightly = %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "name")
		if got := unquote(Quote(s)); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if strings.ContainsFunc(Quote(s), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("quote(%q) = %q is no header value", s, Quote(s))
		}
	})
}
