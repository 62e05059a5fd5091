// Package sshexec implements the commands that clients, scripts and people run by SSH, except scp:
// checksums, ls, df and others, and those of package commands. A session executes them. There is no
// shell and no program behind them.
//
// rclone uses "echo ${ShellId}%ComSpec%" to find out the kind of shell, and the checksum of empty
// input to find out which commands work. A checksum that the store keeps needs no download; for
// other checksums the file is read.
package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/frontends/commands"
	"filegate/frontends/shellwords"
)

// The exit statuses, as a shell has them.
const (
	statusFailed    = 1
	statusUsage     = 2
	statusNoCommand = 127
)

// maxCommand is the longest command line that is taken, in bytes.
const maxCommand = 64 << 10

// Service is the commands. It serves any number of channels.
type Service struct{}

// Name is what the configuration calls it.
func (Service) Name() string { return "exec" }

// Accepts takes every command but scp, so that it can tell which there are.
func (Service) Accepts(request, argument string) bool {
	return request == "exec" && !shellwords.IsCommand(argument, "scp")
}

// Serve runs the command line on stdio.
func (Service) Serve(ctx context.Context, sess *session.Session, argument string, stdio io.ReadWriter, stderr io.Writer) (status int) {
	r := &run{sess: sess, in: stdio, out: stdio, stderr: stderr}
	if len(argument) > maxCommand {
		return r.usage("the command is too long")
	}
	words, err := shellwords.Split(withoutVariables(argument))
	switch {
	case err != nil:
		return r.usage(err.Error())
	case len(words) == 0:
		return 0
	}
	r.name = path.Base(words[0].Text)
	for _, c := range all() {
		if slices.Contains(c.names, r.name) {
			return c.do(ctx, r, words[1:])
		}
	}
	fmt.Fprintf(stderr, "%s: unknown command. The commands are scp, %s.\n", vfs.EscapeControl(r.name), strings.Join(names(), ", "))
	return statusNoCommand
}

// variable is one of the environment, of which there is none here.
var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Za-z_][A-Za-z0-9_]*`)

// withoutVariables takes the variables out of a command, since all are empty: rclone asks for one.
// A command with quotes or backslashes stays as it is.
func withoutVariables(line string) string {
	if strings.ContainsAny(line, `'"\`) {
		return line
	}
	return variable.ReplaceAllString(line, "")
}

// command is one of the commands.
type command struct {
	names []string
	usage string
	about string
	do    func(ctx context.Context, r *run, args []shellwords.Word) int
}

func all() []command {
	all := []command{
		{[]string{"help"}, "help", "this text", help},
		{[]string{"pwd"}, "pwd", "print the current directory", pwd},
		{[]string{"ls"}, "ls [-la1] [PATH...]", "what is in a directory", ls},
		{[]string{"df"}, "df [-kh] [PATH]", "space, used and free", df},
		{[]string{"echo"}, "echo [TEXT...]", "the text", echo},
		{[]string{"true", ":"}, "true", "nothing", func(context.Context, *run, []shellwords.Word) int { return 0 }},
		{[]string{"false"}, "false", "nothing, and fails", func(context.Context, *run, []shellwords.Word) int { return statusFailed }},
	}
	for _, s := range sums() {
		all = append(all, command{[]string{s.name}, s.name + " [-b] [FILE...]", "checksums", s.run})
	}
	for _, c := range commands.All() {
		all = append(all, command{[]string{c.Name}, c.Usage, c.About, storage(c)})
	}
	return all
}

func names() []string {
	var names []string
	for _, c := range all() {
		names = append(names, c.names[0])
	}
	return names
}

// run is one command that is being run.
type run struct {
	sess   *session.Session
	name   string
	in     io.Reader
	out    io.Writer
	stderr io.Writer
}

// usage reports a command line that makes no sense.
func (r *run) usage(text string) int {
	r.report(text)
	return statusUsage
}

func (r *run) report(text string) {
	fmt.Fprintf(r.stderr, "%s\n", vfs.EscapeControl(strings.TrimPrefix(r.name+": "+text, ": ")))
}

// fail reports an error about a path.
func (r *run) fail(name string, err error) int {
	r.report(name + ": " + vfs.ClientText(err))
	return statusFailed
}

// options takes the options, of one letter each, off the words, and checks that they are known
// ones.
func (r *run) options(args []shellwords.Word, known string) (given string, rest []shellwords.Word, ok bool) {
	for len(args) > 0 && strings.HasPrefix(args[0].Text, "-") && args[0].Text != "-" {
		option := args[0].Text
		args = args[1:]
		if option == "--" {
			break
		}
		for _, o := range strings.TrimPrefix(option, "-") {
			if !strings.ContainsRune(known, o) {
				r.report(fmt.Sprintf("unknown option %s", option))
				return "", nil, false
			}
		}
		given += option[1:]
	}
	return given, args, true
}

// each calls do for every path that the words stand for, and returns the worst exit status. A
// pattern that matches nothing is, as in a shell, a name.
func (r *run) each(ctx context.Context, args []shellwords.Word, do func(name string, p vfs.Path) int) (status int) {
	for _, w := range args {
		name := w.Path(w.Text)
		if !hasPattern(w) {
			status = max(status, r.one(name, do))
			continue
		}
		found, err := shellwords.Glob(ctx, r.sess, w.Path(w.Pattern), func(p vfs.Path) error {
			status = max(status, do(r.shown(name, p), p))
			return ctx.Err()
		})
		if failed, ok := errors.AsType[*shellwords.GlobError](err); ok {
			status = r.fail(failed.Path, failed.Err)
		} else if err == nil && !found {
			status = max(status, r.one(name, do))
		}
	}
	return status
}

// hasPattern reports whether a word has characters, not quoted, by which it may stand for several
// names.
func hasPattern(w shellwords.Word) bool {
	for i := 0; i < len(w.Pattern); i++ {
		switch w.Pattern[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// shown returns what a pattern has found as the client named it: absolute, or not.
func (r *run) shown(pattern string, p vfs.Path) string {
	if !strings.HasPrefix(pattern, "/") {
		return strings.TrimPrefix(p.ToClient(), "/")
	}
	return p.ToClient()
}

func (r *run) one(name string, do func(string, vfs.Path) int) int {
	p, err := vfs.Resolve(vfs.Root, name)
	if err != nil {
		return r.fail(name, err)
	}
	return do(name, p)
}
