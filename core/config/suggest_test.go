package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDidYouMean(t *testing.T) {
	names := []string{"listen", "segment_size", "auth_url"}
	for _, tc := range []struct{ name, want string }{
		{"lisetn", `Did you mean "listen"?`},
		{"Listen", `Did you mean "listen"?`},
		{"segmnt_siz", `Did you mean "segment_size"?`},
		{"auth-url", `Did you mean "auth_url"?`},
		{"colour", "Use one of: listen, segment_size, auth_url."},
	} {
		if got := didYouMean(tc.name, names); got != tc.want {
			t.Errorf("didYouMean(%q) = %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := editDistance(a, b)
		switch {
		case d != editDistance(b, a):
			t.Error("the distance is not the same both ways")
		case (d == 0) != (a == b):
			t.Error("the distance is 0 just for the same words")
		case d > max(len(a), len(b)):
			t.Error("the distance is more than to write the word anew")
		}
		if i := strings.Index(a, "ab"); i >= 0 {
			if swapped := a[:i] + "ba" + a[i+2:]; editDistance(a, swapped) != 1 {
				t.Error("two letters swapped count as one mistake")
			}
		}
	})
}
