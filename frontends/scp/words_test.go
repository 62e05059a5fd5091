package scp

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []word
		fail bool
	}{
		{line: "", want: nil},
		{line: "  scp \t-t  /a ", want: []word{{text: "scp", pattern: "scp"}, {text: "-t", pattern: `-t`}, {text: "/a", pattern: "/a"}}},
		{line: `'a b'`, want: []word{{text: "a b", pattern: "a b"}}},
		{line: `a\ b`, want: []word{{text: "a b", pattern: "a b"}}},
		{line: `"a b"'c d'e`, want: []word{{text: "a bc de", pattern: "a bc de"}}},
		{line: `''`, want: []word{{}}},
		{line: `"a\"b\x\\"`, want: []word{{text: `a"b\x\`, pattern: `a"b\\x\\`}}},
		{line: `*'*'\*"*"`, want: []word{{text: "****", pattern: `*\*\*\*`}}},
		{line: `[!a]\[!b]`, want: []word{{text: "[!a][!b]", pattern: `[^a]\[!b]`}}},
		{line: "~/x", want: []word{{text: "~/x", pattern: "~/x", tilde: true}}},
		{line: `'~'/x`, want: []word{{text: "~/x", pattern: "~/x"}}},
		{line: `x~`, want: []word{{text: "x~", pattern: "x~"}}},
		{line: `'$a;`, fail: true},
		{line: `'$a;'`, want: []word{{text: "$a;", pattern: "$a;"}}},
		{line: `"a`, fail: true},
		{line: `a\`, fail: true},
		{line: `"$HOME"`, fail: true},
		{line: "a;b", fail: true},
		{line: "a`b`", fail: true},
		{line: "a>b", fail: true},
		{line: "a\nb", fail: true},
	} {
		got, err := splitWords(tt.line)
		if (err != nil) != tt.fail {
			t.Errorf("splitWords(%q): error %v, want one: %v", tt.line, err, tt.fail)
			continue
		}
		if err == nil {
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(word{})); diff != "" {
				t.Errorf("splitWords(%q) (-want +got):\n%s", tt.line, diff)
			}
		}
	}
}

// A name that is quoted as programs do it comes out as it was, and its pattern matches that name only.
func FuzzSplitWordsQuoted(f *testing.F) {
	for _, name := range []string{"a", "a b", "it's", `a\b`, "*?[x]", "[!", "~", "$(x)", "-", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		quoted := "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
		words, err := splitWords("scp -f " + quoted)
		if err != nil {
			t.Fatalf("splitWords(%q): %v", quoted, err)
		}
		if len(words) != 3 || words[2].text != name {
			t.Fatalf("splitWords(%q) = %+v, want one word %q", quoted, words, name)
		}
		if unescape(words[2].pattern) != name {
			t.Errorf("the pattern %q of %q is another name without its backslashes", words[2].pattern, name)
		}
		if strings.Contains(name, "/") {
			return
		}
		if ok, err := path.Match(words[2].pattern, name); !ok || err != nil {
			t.Errorf("the pattern %q of %q does not match it: %v", words[2].pattern, name, err)
		}
	})
}

// No line of a client makes the parser panic, and what it accepts keeps its promises.
func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{"scp -t /a", "scp -r -p -f -- 'a b' c*", "scp -tdv ~/x", `scp -f "a\"`, "/usr/bin/scp -prt .", "scp"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cmd, err := parseCommand(line)
		if err != nil {
			return
		}
		if cmd.sink == cmd.source || len(cmd.paths) == 0 || cmd.sink && len(cmd.paths) != 1 {
			t.Errorf("parseCommand(%q) = %+v", line, cmd)
		}
	})
}
