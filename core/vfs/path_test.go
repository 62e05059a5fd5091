package vfs_test

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/core/vfs"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		cwd  vfs.Path
		name string
		want vfs.Path
	}{
		{"/", "", "/"},
		{"/", "/", "/"},
		{"/", "//", "/"},
		{"/", ".", "/"},
		{"/", "..", "/"},
		{"/", "a", "/a"},
		{"/", "a/b/", "/a/b"},
		{"/", "/a//b///c", "/a/b/c"},
		{"/", "//a", "/a"},
		{"/", "/./a/./b/.", "/a/b"},
		{"/", "/a/b/../c", "/a/c"},
		{"/", "/../../etc/passwd", "/etc/passwd"},
		{"/", "a/../../../b", "/b"},
		{"/home/u", "", "/home/u"},
		{"/home/u", ".", "/home/u"},
		{"/home/u", "..", "/home"},
		{"/home/u", "../../../..", "/"},
		{"/home/u", "f", "/home/u/f"},
		{"/home/u", "./f", "/home/u/f"},
		{"/home/u", "../v/f", "/home/v/f"},
		{"/home/u", "/f", "/f"},
		{"/", "...", "/..."},
		{"/", "..a/a..", "/..a/a.."},
		{"/", " ", "/ "},
		{"/", "a /b ", "/a /b "},
		{"/", `a\..\b`, `/a\..\b`},
		{"/", "%2e%2e/%2f", "/%2e%2e/%2f"},
		{"/", "~", "/~"},
		{"/", "a\nb", "/a\nb"},
		{"/", "cafe\u0301", "/cafe\u0301"},
		{"/", "caf\xe9/\xff", "/caf‛E9/‛FF"},
		{"/", "a/\xff/../b", "/a/b"},
		{"/dir‛E9", "b", "/dir‛E9/b"},
		{"/dir‛E9", "‛E9", "/dir‛E9/‛‛E9"},
		{"/", strings.Repeat("a", vfs.MaxPath-1), "/" + vfs.Path(strings.Repeat("a", vfs.MaxPath-1))},
		{"/", strings.Repeat("a/", vfs.MaxPath) + strings.Repeat("../", vfs.MaxPath) + "b", "/b"},
	} {
		got, err := vfs.Resolve(tt.cwd, tt.name)
		if err != nil || got != tt.want {
			t.Errorf("Resolve(%q, %.50q) = %.50q, %v; want %.50q", tt.cwd, tt.name, got, err, tt.want)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, tt := range []struct {
		cwd  vfs.Path
		name string
		text string
	}{
		{"/", "a\x00b", "NUL"},
		{"/", "\x00", "NUL"},
		{"/", "a/\x00/../b", "NUL"},
		{"/", strings.Repeat("a", vfs.MaxPath), "longer than"},
		{vfs.Path("/" + strings.Repeat("a", 2500)), strings.Repeat("b", 2500), "longer than"},
	} {
		got, err := vfs.Resolve(tt.cwd, tt.name)
		if !errors.Is(err, vfs.ErrInvalidName) || got != "" {
			t.Errorf("Resolve(%.50q, %.50q) = %.50q, %v; want ErrInvalidName", tt.cwd, tt.name, got, err)
			continue
		}
		if text := vfs.ClientText(err); !strings.Contains(text, tt.text) {
			t.Errorf("Resolve(%.50q, %.50q): the client reads %q, which does not say %q", tt.cwd, tt.name, text, tt.text)
		}
	}
}

// TestClean takes no bytes that are not UTF-8, and escapes nothing.
func TestClean(t *testing.T) {
	if got, err := vfs.Clean("a/./‛E9/"); got != "/a/‛E9" || err != nil {
		t.Errorf("Clean = %q, %v", got, err)
	}
	for _, name := range []string{"caf\xe9", "a\x00", "\xed\xa0\x80"} { // the last is half of a surrogate pair
		if got, err := vfs.Clean(name); !errors.Is(err, vfs.ErrInvalidName) {
			t.Errorf("Clean(%q) = %q, %v", name, got, err)
		}
	}
}

// checkPath checks what the type promises.
func checkPath(t interface {
	Helper()
	Errorf(format string, args ...any)
}, p vfs.Path,
) {
	t.Helper()
	if s := string(p); path.Clean(s) != s || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		t.Errorf("%q is not clean and absolute", p)
	}
	if len(p) > vfs.MaxPath {
		t.Errorf("%.50q… has %d bytes", p, len(p))
	}
	for _, elem := range p.Elements() {
		if !vfs.ValidName(elem) {
			t.Errorf("%q has the element %q", p, elem)
		}
	}
	if again, err := vfs.Clean(string(p)); err != nil || again != p {
		t.Errorf("Clean of the path %q = %q, %v; want the same", p, again, err)
	}
	if again, err := vfs.Resolve(vfs.Root, p.ToClient()); err != nil || again != p {
		t.Errorf("Resolve of %q, which a client calls %q, is %q, %v", p, p.ToClient(), again, err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, name := range []string{"", "/", "..", "a/../../b", "//a//", "/./.", "a\x00", "\xff", "a/b/c/../../../../d", "/home/u/../v"} {
		f.Add("/home/u", name)
	}
	f.Fuzz(func(t *testing.T, dir, name string) {
		cwd, err := vfs.Resolve(vfs.Root, dir)
		if err != nil {
			t.Skip()
		}
		p, err := vfs.Resolve(cwd, name)
		if err != nil {
			if !errors.Is(err, vfs.ErrInvalidName) || p != "" {
				t.Errorf("Resolve(%q, %q) = %q, %v; want ErrInvalidName for what can be no name", cwd, name, p, err)
			}
			return
		}
		if strings.Contains(name, "\x00") {
			t.Errorf("Resolve(%q, %q) = %q", cwd, name, p)
		}
		checkPath(t, p)
		if strings.HasPrefix(name, "/") {
			if other, err := vfs.Resolve(vfs.Root, name); err != nil || other != p {
				t.Errorf("Resolve(%q) depends on the working directory: %q, %v and %q", name, other, err, p)
			}
		}
		if !strings.Contains(name, "..") && !strings.HasPrefix(name, "/") && !cwd.Contains(p) {
			t.Errorf("Resolve(%q, %q) = %q: without \"..\" a relative name stays in the working directory", cwd, name, p)
		}
	})
}

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		path     vfs.Path
		dir      vfs.Path
		base     string
		elements []string
	}{
		{"/", "/", "/", nil},
		{"/a", "/", "a", []string{"a"}},
		{"/a/b", "/a", "b", []string{"a", "b"}},
		{"/a b/ c", "/a b", " c", []string{"a b", " c"}},
	} {
		if got := tt.path.Dir(); got != tt.dir {
			t.Errorf("Dir of %q = %q, want %q", tt.path, got, tt.dir)
		}
		if got := tt.path.Base(); got != tt.base {
			t.Errorf("Base of %q = %q, want %q", tt.path, got, tt.base)
		}
		if diff := cmp.Diff(tt.elements, tt.path.Elements()); diff != "" {
			t.Errorf("Elements of %q (-want +got):\n%s", tt.path, diff)
		}
	}
}

func TestUnder(t *testing.T) {
	for _, tt := range []struct{ home, sub, want vfs.Path }{
		{"/", "/", "/"},
		{"/", "/a", "/a"},
		{"/home", "/", "/home"},
		{"/home", "/a/b", "/home/a/b"},
	} {
		if got := tt.home.Under(tt.sub); got != tt.want {
			t.Errorf("%q.Under(%q) = %q, want %q", tt.home, tt.sub, got, tt.want)
		}
	}
}

func TestContains(t *testing.T) {
	for _, tt := range []struct {
		p, sub vfs.Path
		want   bool
	}{
		{"/", "/", true},
		{"/", "/a", true},
		{"/a", "/", false},
		{"/a", "/a", true},
		{"/a", "/a/b", true},
		{"/a", "/ab", false},
		{"/a/b", "/a", false},
		{"/a", "/b/a", false},
	} {
		if got := tt.p.Contains(tt.sub); got != tt.want {
			t.Errorf("%q.Contains(%q) = %v", tt.p, tt.sub, got)
		}
	}
}

func TestValidName(t *testing.T) {
	for _, name := range []string{"a", " ", "...", "..a", "-", "a\nb", `\`, "日本語", "%2F"} {
		if !vfs.ValidName(name) {
			t.Errorf("ValidName(%q) = false", name)
		}
	}
	for _, name := range []string{"", ".", "..", "/", "a/b", "a/", "\x00", "a\x00", "\xff"} {
		if vfs.ValidName(name) {
			t.Errorf("ValidName(%q) = true", name)
		}
	}
}

// paths are paths of a few elements, many of them alike.
func paths() *rapid.Generator[vfs.Path] {
	elem := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "b", "ab", "a b", "...", "-", "é"}),
		rapid.String().Filter(vfs.ValidName),
	)
	return rapid.Custom(func(t *rapid.T) vfs.Path {
		p := vfs.Root
		for _, e := range rapid.SliceOfN(elem, 0, 5).Draw(t, "elements") {
			p = p.Join(e)
		}
		return p
	})
}

func TestPathProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := paths().Draw(t, "p"), paths().Draw(t, "q")
		checkPath(t, p)

		joined := vfs.Root
		for _, elem := range p.Elements() {
			joined = joined.Join(elem)
		}
		if joined != p {
			t.Errorf("the elements of %q make %q", p, joined)
		}
		if !p.IsRoot() && p.Dir().Join(p.Base()) != p {
			t.Errorf("Dir %q and Base %q of %q do not make it up", p.Dir(), p.Base(), p)
		}

		under := p.Under(q)
		checkPath(t, under)
		if !p.Contains(under) {
			t.Errorf("%q.Under(%q) = %q, which is not in it", p, q, under)
		}
		if want := slices.Concat(p.Elements(), q.Elements()); !slices.Equal(under.Elements(), want) {
			t.Errorf("%q.Under(%q) = %q; want the elements of the one, then of the other", p, q, under)
		}
		if p.Contains(q) && q.Contains(p) && p != q {
			t.Errorf("%q and %q contain each other", p, q)
		}
		if home, err := vfs.Resolve(p, q.ToClient()); err != nil || home != q {
			t.Errorf("Resolve(%q, %q) = %q, %v; an absolute name does not depend on the working directory", p, q, home, err)
		}
	})
}
