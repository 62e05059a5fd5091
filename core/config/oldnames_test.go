package config

import (
	"strings"
	"testing"
)

// TestOldNames tests that the advice about each option of the old servers is a sentence with its
// replacement, or with the reason why there is none.
func TestOldNames(t *testing.T) {
	for name, is := range oldNames {
		if strings.Contains(name, "_") || is == "" || strings.HasSuffix(is, ".") {
			t.Errorf("%s: %q", name, is)
		}
		want := "Use " + is + "."
		if reason, none := strings.CutPrefix(is, "nothing: "); none {
			want = "Remove it: " + reason + "."
		}
		if got := advice(strings.ReplaceAll(name, "-", "_"), nil); !strings.HasSuffix(got, want) {
			t.Errorf("of %s with underscores: %q", name, got)
		}
	}
}
