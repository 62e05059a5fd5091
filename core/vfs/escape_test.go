package vfs_test

import (
	"strings"
	"testing"
	"unicode"

	"filegate/core/vfs"
)

func TestEscapeControl(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"", ""},
		{"plain.txt", "plain.txt"},
		{" a  b ", " a  b "},
		{`back\slash`, `back\slash`},
		{"new\nline", `new\x0aline`},
		{"\r\n", `\x0d\x0a`},
		{"tab\t", `tab\x09`},
		{"\x1b[31mred", `\x1b[31mred`},
		{"delete\x7f", `delete\x7f`},
		{"next\u0085line", `next\x85line`},
		{"line\u2028paragraph\u2029", `line\u2028paragraph\u2029`},
		{"日本語\n", `日本語\x0a`},
		{"🙂 café", "🙂 café"},
	} {
		if got := vfs.EscapeControl(tt.name); got != tt.want {
			t.Errorf("EscapeControl(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzEscapeControl(f *testing.F) {
	for _, name := range []string{"", "a b", "a\nb", "\u2028", "\x00", "\xff\n", "\u0085", "é\r"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		breaks := func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
		got := vfs.EscapeControl(name)
		if strings.ContainsFunc(got, breaks) {
			t.Errorf("EscapeControl(%q) = %q, which still breaks a line", name, got)
		}
		if !strings.ContainsFunc(name, breaks) && got != name {
			t.Errorf("EscapeControl(%q) = %q; other names come back as they are", name, got)
		}
		if vfs.EscapeControl(got) != got {
			t.Errorf("EscapeControl(%q) = %q is not final", name, got)
		}
	})
}
