package ssh

import (
	"context"
	"io"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"filegate/core/session"
)

// The exit statuses for what is not served: an unknown command, as a shell reports it, and a shell.
const (
	statusNoCommand = 127
	statusNoShell   = 1
)

// serveChannel serves one session channel (RFC 4254, section 6) until the client or its service has
// closed it.
func (c *conn) serveChannel(newChannel ssh.NewChannel, sess *session.Session) {
	ch, requests, err := newChannel.Accept()
	if err != nil {
		return // the connection has ended
	}
	defer ch.Close()
	c.open.add(ch)
	defer c.used.note() // the time without a channel begins
	defer c.open.remove(ch)
	c.used.note()
	ctx, cancel := context.WithCancel(sess.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	started := false
	for req := range requests { // ends when the client closes the channel
		run := c.program(req, sess)
		ok := run != nil && !started
		if req.WantReply {
			// A terminal is granted although there is none. Otherwise some clients would give up
			// before they can read the reason.
			_ = req.Reply(ok || req.Type == "pty-req", nil)
		}
		if !ok {
			continue
		}
		started = true
		running.Go(func() {
			defer c.recoverPanic()
			defer ch.Close()
			status := run(ctx, ch)
			_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
		})
	}
}

// program returns what a request starts, or nil if it starts nothing.
func (c *conn) program(req *ssh.Request, sess *session.Session) func(context.Context, ssh.Channel) int {
	var argument struct{ Value string }
	switch req.Type {
	case "shell":
	case "exec", "subsystem":
		if err := ssh.Unmarshal(req.Payload, &argument); err != nil {
			return nil
		}
	default:
		return nil
	}
	service := serviceFor(c.srv.services, req.Type, argument.Value)
	switch {
	case service != nil:
		return func(ctx context.Context, ch ssh.Channel) int {
			return service.Serve(ctx, sess, argument.Value, activeStream{ch, c.used}, ch.Stderr())
		}
	case req.Type == "subsystem":
		return nil
	}
	// A shell is refused by a program that prints the reason. If the request were refused, the user
	// would read only "shell request failed".
	return func(_ context.Context, ch ssh.Channel) int {
		_, _ = io.WriteString(ch.Stderr(), allowed(c.srv.services)+"\r\n")
		if req.Type == "exec" {
			return statusNoCommand
		}
		return statusNoShell
	}
}

// allowed returns the text for a client that asks for anything else than the services.
func allowed(services []Service) string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name()
	}
	return "This service allows " + strings.Join(names, " and ") + " only."
}
