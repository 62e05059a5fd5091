package sshexec

import (
	"context"
	"errors"

	"filegate/core/vfs"
	"filegate/frontends/commands"
	"filegate/frontends/shellwords"
)

// storage returns a command of package commands as one of these.
func storage(cmd commands.Command) func(context.Context, *run, []shellwords.Word) int {
	return func(ctx context.Context, r *run, words []shellwords.Word) int {
		var args []string
		for _, w := range words {
			args = append(args, r.expand(ctx, w)...)
		}
		return r.outcome(cmd.Run(ctx, commands.Call{Session: r.sess, Args: args, Out: r.out}))
	}
}

// expand returns the names that a word stands for. As in a shell, a pattern that matches nothing is
// a name.
func (r *run) expand(ctx context.Context, w shellwords.Word) []string {
	name := w.Path(w.Text)
	if !hasPattern(w) {
		return []string{name}
	}
	var all []string
	_, err := shellwords.Glob(ctx, r.sess, w.Path(w.Pattern), func(p vfs.Path) error {
		if len(all) == maxExpanded {
			return errTooMany
		}
		all = append(all, r.shown(name, p))
		return ctx.Err()
	})
	if err != nil || len(all) == 0 {
		return []string{name}
	}
	return all
}

// maxExpanded is how many names a pattern of these commands may stand for.
const maxExpanded = 10_000

var errTooMany = errors.New("too many names")

// outcome reports an error of a command, and returns the exit status.
func (r *run) outcome(err error) int {
	if err == nil {
		return 0
	}
	if usage, ok := errors.AsType[*commands.UsageError](err); ok {
		return r.usage(usage.Text)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			r.outcome(err)
		}
		return statusFailed
	}
	if failed, ok := errors.AsType[*commands.PathError](err); ok {
		return r.fail(failed.Name, failed.Err)
	}
	r.report(vfs.ClientText(err))
	return statusFailed
}
