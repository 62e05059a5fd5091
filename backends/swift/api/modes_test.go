package api

import (
	"io/fs"
	"testing"
)

func TestParseMode(t *testing.T) {
	for s, want := range map[string]fs.FileMode{
		"100644": 0o644, "0100600": 0o600, "40755": 0o755, "644": 0o644, "0640": 0o640, "0": 0, "100000": 0,
		"104755": 0o755, "1777": 0o777, // setuid and similar bits are ignored
		"33188": 0o644, "33204": 0o664, "16877": 0o755, // decimal
	} {
		if got, ok := parseMode(s); !ok || got != want {
			t.Errorf("parseMode(%q) = %o, %v; want %o", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "x", "-1", "rw-r--r--", "120777", "999", "9999999", "0x1ff", "8"} {
		if got, ok := parseMode(s); ok {
			t.Errorf("parseMode(%q) = %o, want none", s, got)
		}
	}
}

func FuzzParseMode(f *testing.F) {
	for _, s := range []string{"100644", "33188", "755", "", "-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, ok := parseMode(s); got&^fs.ModePerm != 0 && ok {
			t.Errorf("parseMode(%q) = %o, which are not permission bits only", s, got)
		}
	})
}
