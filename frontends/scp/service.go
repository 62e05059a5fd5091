package scp

import (
	"context"
	"io"

	"filegate/core/session"
)

// statusFailed is the exit status when anything failed.
const statusFailed = 1

// Service is the scp service. It may serve any number of channels.
type Service struct{}

// Name returns the name of the service in the configuration.
func (Service) Name() string { return "scp" }

// Accepts reports whether a request runs the command "scp".
func (Service) Accepts(request, argument string) bool {
	return request == "exec" && isCommand(argument)
}

// Serve runs the command line, with the protocol on stdio.
func (Service) Serve(ctx context.Context, sess *session.Session, argument string, stdio io.ReadWriter, _ io.Writer) (status int) {
	w := newWire(stdio)
	cmd, err := parseCommand(argument)
	switch {
	case err != nil:
		_ = w.fatal(err.Error()) // the exit status reports it too
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
