package scp

import (
	"strings"
	"testing"

	"filegate/frontends/shellwords"

	"github.com/google/go-cmp/cmp"
)

func TestParseCommand(t *testing.T) {
	name := func(s string) []shellwords.Word { return []shellwords.Word{{Text: s, Pattern: s}} }
	for _, tt := range []struct {
		line string
		want command
		fail string // part of the error
	}{
		{line: "scp -t /a", want: command{sink: true, paths: name("/a")}},
		{line: "scp -r -p -d -v -t /a", want: command{sink: true, recursive: true, preserve: true, directory: true, paths: name("/a")}},
		{line: "scp -prt /a", want: command{sink: true, recursive: true, preserve: true, paths: name("/a")}},
		{line: "/usr/bin/scp -f -- -a", want: command{source: true, paths: name("-a")}},
		{line: "scp -f -- --", want: command{source: true, paths: name("--")}},
		{line: "scp -f -", want: command{source: true, paths: name("-")}},
		{line: "scp -f a b", want: command{source: true, paths: append(name("a"), name("b")...)}},
		{line: "scp -t a b", fail: "ambiguous"},
		{line: "scp -t", fail: "no file name"},
		{line: "scp /a", fail: "scp clients"},
		{line: "scp -t -f /a", fail: "scp clients"},
		{line: "scp -S prog -t /a", fail: "-S"},
		{line: "scp -t 'a", fail: "not closed"},
		{line: "scp -t " + strings.Repeat("a", maxCommand), fail: "too long"},
	} {
		got, err := parseCommand(tt.line)
		switch {
		case tt.fail != "":
			if err == nil || !strings.Contains(err.Error(), tt.fail) {
				t.Errorf("parseCommand(%.80q): error %v, want one with %q", tt.line, err, tt.fail)
			}
		case err != nil:
			t.Errorf("parseCommand(%q): %v", tt.line, err)
		default:
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(command{}, shellwords.Word{})); diff != "" {
				t.Errorf("parseCommand(%q) (-want +got):\n%s", tt.line, diff)
			}
		}
	}
}

func TestAccepts(t *testing.T) {
	for _, tt := range []struct {
		request, argument string
		want              bool
	}{
		{"exec", "scp -t /", true},
		{"exec", "/usr/bin/scp -f x", true},
		{"exec", "scp", true},
		{"exec", "scpx -t /", false},
		{"exec", "", false},
		{"exec", "sh -c scp", false},
		{"subsystem", "scp", false},
		{"shell", "", false},
	} {
		if got := (Service{}).Accepts(tt.request, tt.argument); got != tt.want {
			t.Errorf("Accepts(%q, %q) = %v, want %v", tt.request, tt.argument, got, tt.want)
		}
	}
}

func TestHome(t *testing.T) {
	for _, tt := range []struct {
		w    shellwords.Word
		want string
	}{
		{shellwords.Word{Text: "~", Tilde: true}, "/"},
		{shellwords.Word{Text: "~/a", Tilde: true}, "/a"},
		{shellwords.Word{Text: "~bob/a", Tilde: true}, "~bob/a"},
		{shellwords.Word{Text: "~/a"}, "~/a"},
		{shellwords.Word{Text: "a"}, "a"},
	} {
		if got := tt.w.Path(tt.w.Text); got != tt.want {
			t.Errorf("clean(%+v) = %q, want %q", tt.w, got, tt.want)
		}
	}
}

// FuzzParseCommand checks that no command line makes the parser panic, and that accepted ones are
// consistent.
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
