package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filegate/core/testneed"
)

// TestCompletion completes command lines in the shells themselves, with the scripts from filegate.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for shell, ask := range map[string]string{
		"bash": `
source "$SCRIPT"
COMP_WORDS=(filegate "$@") COMP_CWORD=$#
_filegate
printf '%s\n' "${COMPREPLY[@]}"`,
		// These functions replace those of zsh that show the choices, and print the choices.
		"zsh": `
_describe() { [ "$1" = -o ] && shift; local c; for c in "${(@P)2}"; do print -r -- "${c%%:*}"; done }
_files() { }
compdef() { }
source "$SCRIPT"
words=(filegate "$@") CURRENT=$(( $# + 1 ))
_filegate`,
		"fish": `
source "$SCRIPT"
complete -C "filegate $argv" | string replace -r '\t.*' ''; true`,
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(shell)
			if err != nil {
				testneed.Missing(t, "%s is missing", shell)
			}
			script := filepath.Join(t.TempDir(), "filegate."+shell)
			write(t, script, printedBy(t, "completion", shell), 0o600)
			complete := func(words ...string) []string {
				args := append([]string{"-c", ask}, append([]string{"filegate"}, words...)...)
				if shell == "fish" {
					args = append([]string{"--no-config", "-c", ask}, strings.Join(words, " "))
				}
				cmd := exec.Command(program, args...)
				cmd.Env = append(os.Environ(), "SCRIPT="+script, "HOME="+t.TempDir())
				cmd.Dir = t.TempDir()
				cmd.Stderr = t.Output()
				out, err := cmd.Output()
				if err != nil {
					t.Errorf("%q: %v", words, err)
				}
				return slices.DeleteFunc(strings.Split(string(out), "\n"), func(s string) bool { return s == "" })
			}
			for _, tt := range []struct {
				words         []string
				with, without string
			}{
				{[]string{""}, "serve", "add"},
				{[]string{"users", ""}, "passwd", "serve"},
				{[]string{"plugin", "test", "-"}, "-unknown", "-json"},
				{[]string{"status", "-"}, "-json", "-deep"},
				{[]string{"check", "-"}, "-deep", "-json"},
				{[]string{"bans", "-json", ""}, "lift", "serve"},
				{[]string{"completion", ""}, "fish", "serve"},
			} {
				got := complete(tt.words...)
				if !slices.Contains(got, tt.with) || slices.Contains(got, tt.without) {
					t.Errorf("%q: got %q, want %s among them and not %s", tt.words, got, tt.with, tt.without)
				}
			}
			if got := complete("check", "-c", ""); len(got) != 0 {
				t.Errorf("check -c: got %q, want files, of which there are none", got)
			}
		})
	}
}

// TestCompletionKnowsAllFlags finds commands that do not report their flags.
func TestCompletionKnowsAllFlags(t *testing.T) {
	for _, c := range completions(env{}, "", "", commands()) {
		leaf := !slices.Contains([]string{"", " plugin", " users", " help", " completion", " plugin proto", " users passwd", " users key", " hostkeys"}, c.path)
		if leaf != (len(c.flags) > 0) {
			t.Errorf("filegate%s: %d flags are known", c.path, len(c.flags))
		}
	}
}

// printedBy returns the output of a command of filegate.
func printedBy(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	for _, c := range commands() {
		if c.name == name {
			if code := c.run(env{stop: t.Context(), now: t.Context(), stdout: &out, stderr: t.Output()}, args); code != exitOK {
				t.Fatalf("filegate %s %q: exit code %d", name, args, code)
			}
		}
	}
	return out.String()
}
