package ssh

import (
	"context"
	"io"
	"slices"

	"filegate/core/session"
)

// Service is a program that clients can run on a channel.
type Service interface {
	// Name returns the name in the configuration.
	Name() string
	// Accepts reports whether this service handles a request. request is "subsystem" or "exec"
	// (RFC 4254, section 6.5); argument is the subsystem's name or the command line.
	Accepts(request, argument string) bool
	// Serve runs the service on a channel to its end, and returns the exit status for the client.
	// ctx and stdio end with the channel. The service must wait for all goroutines that it starts.
	Serve(ctx context.Context, sess *session.Session, argument string, stdio io.ReadWriter, stderr io.Writer) (status int)
}

func serviceFor(services []Service, request, argument string) Service {
	i := slices.IndexFunc(services, func(s Service) bool { return s.Accepts(request, argument) })
	if i < 0 {
		return nil
	}
	return services[i]
}
