package shellwords

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []Word
		fail bool
	}{
		{line: "", want: nil},
		{line: "  scp \t-t  /a ", want: []Word{{Text: "scp", Pattern: "scp"}, {Text: "-t", Pattern: `-t`}, {Text: "/a", Pattern: "/a"}}},
		{line: `'a b'`, want: []Word{{Text: "a b", Pattern: "a b"}}},
		{line: `a\ b`, want: []Word{{Text: "a b", Pattern: "a b"}}},
		{line: `"a b"'c d'e`, want: []Word{{Text: "a bc de", Pattern: "a bc de"}}},
		{line: `''`, want: []Word{{}}},
		{line: `"a\"b\x\\"`, want: []Word{{Text: `a"b\x\`, Pattern: `a"b\\x\\`}}},
		{line: `*'*'\*"*"`, want: []Word{{Text: "****", Pattern: `*\*\*\*`}}},
		{line: `[!a]\[!b]`, want: []Word{{Text: "[!a][!b]", Pattern: `[^a]\[!b]`}}},
		{line: `a{b,c}d`, want: []Word{{Text: "abd", Pattern: "abd"}, {Text: "acd", Pattern: "acd"}}},
		{line: `{a,b{1,2}}/*.{x,}`, want: []Word{
			{Text: "a/*.x", Pattern: "a/*.x"},
			{Text: "a/*.", Pattern: "a/*."},
			{Text: "b1/*.x", Pattern: "b1/*.x"},
			{Text: "b1/*.", Pattern: "b1/*."},
			{Text: "b2/*.x", Pattern: "b2/*.x"},
			{Text: "b2/*.", Pattern: "b2/*."},
		}},
		{line: `{a} {a a,b} {`, want: []Word{
			{Text: "{a}", Pattern: "{a}"}, {Text: "{a", Pattern: "{a"}, {Text: "a,b}", Pattern: "a,b}"}, {Text: "{", Pattern: "{"},
		}},
		{line: `'{a,b}' {a\,b} {'x,y',z}`, want: []Word{
			{Text: "{a,b}", Pattern: `\{a\,b\}`}, {Text: "{a,b}", Pattern: `{a\,b}`}, {Text: "x,y", Pattern: `x\,y`}, {Text: "z", Pattern: "z"},
		}},
		{line: strings.Repeat("{a,b}", 20), fail: true},
		{line: strings.Repeat("{", 60000), fail: true},
		{line: "~/x", want: []Word{{Text: "~/x", Pattern: "~/x", Tilde: true}}},
		{line: `'~'/x`, want: []Word{{Text: "~/x", Pattern: "~/x"}}},
		{line: `x~`, want: []Word{{Text: "x~", Pattern: "x~"}}},
		{line: `'$a;`, fail: true},
		{line: `'$a;'`, want: []Word{{Text: "$a;", Pattern: "$a;"}}},
		{line: `"a`, fail: true},
		{line: `a\`, fail: true},
		{line: `"$HOME"`, fail: true},
		{line: "a;b", fail: true},
		{line: "a`b`", fail: true},
		{line: "a>b", fail: true},
		{line: "a\nb", fail: true},
	} {
		got, err := Split(tt.line)
		if (err != nil) != tt.fail {
			t.Errorf("Split(%q): error %v, want one: %v", tt.line, err, tt.fail)
			continue
		}
		if err == nil {
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Word{})); diff != "" {
				t.Errorf("Split(%q) (-want +got):\n%s", tt.line, diff)
			}
		}
	}
}

// A name that is quoted as programs do it comes out as it was, and its pattern matches that name
// only.
func FuzzSplitWordsQuoted(f *testing.F) {
	for _, name := range []string{"a", "a b", "it's", `a\b`, "*?[x]", "[!", "~", "$(x)", "-", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		quoted := "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
		words, err := Split("scp -f " + quoted)
		if err != nil {
			t.Fatalf("Split(%q): %v", quoted, err)
		}
		if len(words) != 3 || words[2].Text != name {
			t.Fatalf("Split(%q) = %+v, want one word %q", quoted, words, name)
		}
		if unescape(words[2].Pattern) != name {
			t.Errorf("the pattern %q of %q is another name without its backslashes", words[2].Pattern, name)
		}
		if strings.Contains(name, "/") {
			return
		}
		if ok, err := path.Match(words[2].Pattern, name); !ok || err != nil {
			t.Errorf("the pattern %q of %q does not match it: %v", words[2].Pattern, name, err)
		}
	})
}
