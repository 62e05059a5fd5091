package ftp

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func namingOf(t *testing.T, name string) *naming {
	t.Helper()
	cs, err := newCharset(name)
	if err != nil {
		t.Fatal(err)
	}
	return newNaming(cs)
}

func TestNaming(t *testing.T) {
	plain, windows := namingOf(t, ""), namingOf(t, "windows-1252")
	for _, tt := range []struct {
		naming      *naming
		path, shown string
	}{
		{plain, "/a/ünï/日本", "/a/ünï/日本"},
		{plain, `/back\slash/C:\\x/\`, `/back\slash/C:\\x/\`},
		{plain, "new\nline", `new\x0aline`},
		{plain, `new\x0aline`, `new\\x0aline`},
		{plain, `new\\x0aline`, `new\\\\x0aline`},
		{plain, "sep\u2028", `sep\u2028`},
		{plain, `\x41`, `\x41`}, // nobody writes an A so
		{plain, `\x2f`, `\x2f`},
		{plain, `\x00`, `\x00`},
		{plain, `\xff`, `\\xff`},
		{plain, "caf‛E9", "caf\xe9"},
		{plain, "‛FF", `\xff`},
		{windows, "café", "café"},
		{windows, "10 €", "10 €"},
		{windows, "日本", `\u65e5\u672c`},
		{windows, "🙂", `\U0001f642`},
		{windows, `\u65e5`, `\\u65e5`},
		{windows, "ÿ", `\u00ff`},
		{windows, "caf‛E9", `caf\u201bE9`},
		{windows, "new\nline", `new\x0aline`},
	} {
		if got := tt.naming.toClient(tt.path); got != tt.shown {
			t.Errorf("%q is shown as %q, want %q", tt.path, got, tt.shown)
		}
		if got, err := vfs.Resolve(vfs.Root, tt.naming.fromClient(tt.shown)); err != nil || strings.TrimPrefix(string(got), "/") != strings.TrimPrefix(tt.path, "/") {
			t.Errorf("%q leads to %q, %v; want %q", tt.shown, got, err, tt.path)
		}
	}
}

// TestNamingLosesNothing shows names that a store may have, and has each come back by what is sent
// of it.
func TestNamingLosesNothing(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", `\`, `\\`, `\x0a`, `\xff`, `\u20ac`, `\U0001f642`, "x0a", "\n", "\x7f", "\u0085", "\u2028", "é", "ÿ", "€", "日", "🙂", "\ufffd", "‛", "‛E9", "‛FF", "‛C3‛A9", "‛‛E9"})
	names := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.Map(rapid.SliceOfN(piece, 1, 8), func(all []string) string { return strings.Join(all, "") }))
	for _, name := range []string{"", "windows-1252", "ISO-8859-15", "IBM850", "Shift_JIS", "GB18030", "KOI8-R"} {
		n := namingOf(t, name)
		rapid.Check(t, func(t *rapid.T) {
			stored := names.Draw(t, "name")
			if !vfs.ValidName(stored) {
				t.Skip()
			}
			said := n.toClient(stored)
			if strings.ContainsAny(said, "\r\n\x00/") || said == "" {
				t.Fatalf("%s: %q is shown as %q", name, stored, said)
			}
			line, ok := n.read(withoutTelnet(append(n.write([]byte(said)), "\r\n"...)))
			if !ok {
				t.Fatalf("%s: %q is shown as %q, which cannot be read", name, stored, said)
			}
			got, err := vfs.Resolve("/dir", "./"+n.fromClient(strings.TrimSuffix(string(line), "\r\n")))
			if err != nil || got != vfs.Path("/dir").Join(stored) {
				t.Fatalf("%s: %q is shown as %q, which leads to %q, %v", name, stored, said, got, err)
			}
		})
	}
}

func TestNewCharset(t *testing.T) {
	for _, name := range []string{"", "UTF-8", "utf-8"} {
		if cs, err := newCharset(name); cs != nil || err != nil {
			t.Errorf("%q: %v, %v", name, cs, err)
		}
	}
	for name, want := range map[string]error{"latin-one": errNoCharset, "UTF-7": errNoCharset, "UTF-16": errUnlikeASCII, "IBM037": errUnlikeASCII} {
		if _, err := newCharset(name); err != want {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}

// FuzzNaming hears names that a client may send, and says what they are: that leads to the same,
// and to no other.
func FuzzNaming(f *testing.F) {
	for _, name := range []string{"a", `a\x0ab`, `\\x0a`, `\u20ac`, "caf\xe9", "‛E9", "\xff\xfb", "日本"} {
		f.Add(name)
	}
	var all []*naming
	for _, name := range []string{"", "windows-1252", "Shift_JIS", "GB18030"} {
		cs, err := newCharset(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, newNaming(cs))
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for _, n := range all {
			line, ok := n.read([]byte(sent))
			if !ok {
				continue
			}
			p, err := vfs.Resolve(vfs.Root, "/"+n.fromClient(string(line)))
			if err != nil {
				continue
			}
			said := n.toClient(string(p))
			if strings.ContainsAny(said, "\r\n\x00") {
				t.Fatalf("%q is shown as %q", p, said)
			}
			back, ok := n.read(n.write([]byte(said)))
			if !ok {
				t.Fatalf("%q is shown as %q, which cannot be read", p, said)
			}
			if again, err := vfs.Resolve(vfs.Root, n.fromClient(string(back))); err != nil || again != p {
				t.Fatalf("%q is %q, which is shown as %q, which leads to %q, %v", sent, p, said, again, err)
			}
		}
	})
}
