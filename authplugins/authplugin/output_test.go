package authplugin

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestHarmlessOutput tests that the output of a program cannot harm the gateway, and is in the log
// under the program's name, within limits.
func TestHarmlessOutput(t *testing.T) {
	for _, user := range []string{"flood", "hclog"} {
		t.Run(user, func(t *testing.T) {
			var buf logBuffer
			s := spec(t, programAs(t, "good"), nil)
			s.Log = buf.logger()
			p := mustLaunch(t, &Launcher{}, s)
			pid := p.pid(t)
			if _, err := login(t, p, user, "x"); err == nil {
				t.Errorf("%s logged in", user)
			}
			mustLogin(t, p)
			if p.pid(t) != pid {
				t.Error("the program had to be restarted")
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			text := buf.String()
			if len(text) > 1<<20 {
				t.Errorf("%d bytes went to the log", len(text))
			}
			if strings.ContainsRune(text, '\x1b') {
				t.Error("a control character went to the log")
			}
			want := map[string]string{"flood": "too much at once", "hclog": `\"@message\":1`}[user]
			if !strings.Contains(text, want) || !strings.Contains(text, "authenticator=tested") {
				t.Errorf("the log does not say %q: %.2000s", want, text)
			}
		})
	}
	t.Run("before the handshake", func(t *testing.T) {
		var buf logBuffer
		s := spec(t, programAs(t, "floods-first"), nil)
		s.Log = buf.logger()
		mustLogin(t, mustLaunch(t, &Launcher{}, s))
	})
}

func TestLines(t *testing.T) {
	var buf logBuffer
	o := newOutput(buf.logger(), newMasks(), nil)
	w := o.stream("stderr")
	for _, part := range []string{"one\ntw", "o\n", "\n  \n", "c\x00ntrol \u202e\xff\n", strings.Repeat("long ", maxLine), "still the same line\nlast", " words\n"} {
		if n, err := io.WriteString(w, part); n != len(part) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	lines := strings.Split(strings.TrimSpace(buf.String()), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines, want 5: %q", len(lines), lines)
	}
	for i, want := range []string{"line=one", "line=two", `line="c\\x00ntrol \\u202e�"`, "…", `line="last words"`} {
		if !strings.Contains(lines[i], want) || len(lines[i]) > 2*maxLine {
			t.Errorf("line %d is %.200q, want %q", i, lines[i], want)
		}
	}
	if got := o.lastLine(); got != "last words" {
		t.Errorf("last line %q", got)
	}
	o.close()
	if _, err := fmt.Fprintln(w, "from beyond"); err != nil {
		t.Error(err)
	}
	if strings.Contains(buf.String(), "beyond") {
		t.Error("a line was logged after close")
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 花":       "plain ünïcode 花",
		"a\r\nb\tc":             `a\r\nb\tc`,
		"\x1b[31m":              `\x1b[31m`,
		"it's":                  "it's",
		"\xff":                  "\uFFFD",
		strings.Repeat("a", 50): strings.Repeat("a", 20) + "…",
	} {
		if got := printable(in, 20); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x00\xff\u202e'\\")
	f.Fuzz(func(t *testing.T, in string) {
		got := printable(in, 64)
		if len(got) > 64+len(`\U0010ffff`)+len("…") {
			t.Errorf("%d bytes", len(got))
		}
		if err := checkText("text", got, len(got)); err != nil {
			t.Error(err)
		}
	})
}
