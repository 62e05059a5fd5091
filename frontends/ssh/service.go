package ssh

import (
	"context"
	"io"
	"slices"

	"filegate/core/session"
)

// Service is what a client can run on a channel.
type Service interface {
	// Name is what the configuration calls it.
	Name() string
	// Accepts says whether this service is what a client asks for: request is "subsystem" or "exec"
	// (RFC 4254, section 6.5), and argument the subsystem's name or the command line.
	Accepts(request, argument string) bool
	// Serve runs the service on a channel until it is through and returns the exit status for the
	// client. ctx ends with the channel, and so does stdio. The service waits for whatever it
	// starts.
	Serve(ctx context.Context, sess *session.Session, argument string, stdio io.ReadWriter, stderr io.Writer) (status int)
}

func serviceFor(services []Service, request, argument string) Service {
	i := slices.IndexFunc(services, func(s Service) bool { return s.Accepts(request, argument) })
	if i < 0 {
		return nil
	}
	return services[i]
}
