package vfs_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func TestEscapeBytes(t *testing.T) {
	for _, tt := range []struct{ client, path string }{
		{"", ""},
		{"plain", "plain"},
		{"ünï/日本", "ünï/日本"},
		{"‛", "‛"},
		{"‛‛", "‛‛"},
		{"a‛b", "a‛b"},
		{"‛e9", "‛e9"},
		{"‛41", "‛41"}, // that is no byte that needs an escape
		{"%E9", "%E9"},
		{"caf\xe9", "caf‛E9"},
		{"\xff\xfe/\x80", "‛FF‛FE/‛80"},
		{"‛C3‛A9", "‛C3‛A9"}, // these two are UTF-8, and nobody escapes them
		{"‛E9", "‛‛E9"},
		{"‛‛E9", "‛‛‛‛E9"},
		{"‛\xe9", "‛‛‛E9"},
		{"dir\xe9/‛E9/ü", "dir‛E9/‛‛E9/ü"},
		{"\xed\xa0\x80", "‛ED‛A0‛80"}, // half of a surrogate pair
	} {
		if got := vfs.EscapeBytes(tt.client); got != tt.path {
			t.Errorf("EscapeBytes(%q) = %q, want %q", tt.client, got, tt.path)
		}
		if got := vfs.UnescapeBytes(tt.path); got != tt.client {
			t.Errorf("UnescapeBytes(%q) = %q, want %q", tt.path, got, tt.client)
		}
	}
}

// TestEscapeBytesLosesNothing has every byte string come back, and every name that a store may have
// reached by one byte string only.
func TestEscapeBytesLosesNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "/", "‛", "‛‛", "‛E9", "‛C3", "‛A9", "‛E2‛80‛9B", "E", "9", "é", "\xe9", "\xc3", "\xa9", "\xe2\x80", "\xe2", "\x9b", "\xff"})
	anyBytes := rapid.OneOf(
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.SliceOf(piece), func(pieces []string) (all string) {
			for _, p := range pieces {
				all += p
			}
			return all
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		name := anyBytes.Draw(t, "name")
		escaped := vfs.EscapeBytes(name)
		if !utf8.ValidString(escaped) {
			t.Fatalf("EscapeBytes(%q) = %q, which is not UTF-8", name, escaped)
		}
		if got := vfs.UnescapeBytes(escaped); got != name {
			t.Fatalf("%q comes back as %q, by %q", name, got, escaped)
		}
		if !utf8.ValidString(name) {
			return
		}
		shown := vfs.UnescapeBytes(name)
		if got := vfs.EscapeBytes(shown); got != name {
			t.Fatalf("a store's %q is shown as %q, which leads to %q", name, shown, got)
		}
	})
}

func FuzzEscapeBytes(f *testing.F) {
	for _, name := range []string{"", "caf\xe9", "‛E9", "‛‛‛E9", "‛C3‛A9", "a/‛\xff", "‛"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		escaped := vfs.EscapeBytes(name)
		if !utf8.ValidString(escaped) || vfs.UnescapeBytes(escaped) != name {
			t.Errorf("%q comes back as %q, by %q", name, vfs.UnescapeBytes(escaped), escaped)
		}
		if utf8.ValidString(name) && vfs.EscapeBytes(vfs.UnescapeBytes(name)) != name {
			t.Errorf("a store's %q is shown as %q, which leads elsewhere", name, vfs.UnescapeBytes(name))
		}
	})
}
