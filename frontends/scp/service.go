package scp

import (
	"context"
	"io"

	"filegate/core/session"
)

// statusFailed is the exit status when anything failed.
const statusFailed = 1

// Service is the command. It serves any number of channels.
type Service struct{}

// Name is what the configuration calls it.
func (Service) Name() string { return "scp" }

// Accepts takes the execution of a command "scp".
func (Service) Accepts(request, argument string) bool {
	return request == "exec" && isCommand(argument)
}

// Serve runs the command line on stdio.
func (Service) Serve(ctx context.Context, sess *session.Session, argument string, stdio io.ReadWriter, _ io.Writer) (status int) {
	w := newWire(stdio)
	cmd, err := parseCommand(argument)
	switch {
	case err != nil:
		_ = w.fatal(err.Error()) // the status says it too
	case cmd.sink:
		err = (&sink{wire: w, sess: sess, recursive: cmd.recursive, preserve: cmd.preserve}).run(ctx, cmd)
	default:
		err = (&source{wire: w, sess: sess, recursive: cmd.recursive, preserve: cmd.preserve}).run(ctx, cmd)
	}
	if err != nil {
		sess.Log().Debug("scp ended early", "err", err)
	}
	if err != nil || w.failed {
		return statusFailed
	}
	return 0
}
