package frontend

import (
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// Refusal is the reason why a new connection is refused.
type Refusal struct {
	Kind   string // in a word, for metrics
	Reason string // for the log
	Text   string // for the client
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

const tooMany = "Too many connections, try again later."

var (
	refusedClosing  = &Refusal{"shutdown", "the server is shutting down", "The server is shutting down; try again later."}
	refusedFull     = &Refusal{"max_connections", "max_connections are open", tooMany}
	refusedStartups = &Refusal{"max_startups", "too many clients are logging in", tooMany}
)

// asRefusal returns the Refusal in err. Other errors are only for the log.
func asRefusal(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{"other", err.Error(), tooMany}
}

const (
	// refusalTime bounds how long a client may take to read why it is refused.
	refusalTime = 2 * time.Second
	// refusalRead is how much is read of what such a client has sent, in bytes: what is left unread
	// when a connection is closed makes the system forget what it has not read.
	refusalRead = 64 << 10
)

// refuse sends the client the reason and closes the connection.
func (s *Clients) refuse(c *Conn, r *Refusal) {
	s.refusals.note(c.Remote.Addr(), r.Reason)
	if s.env.Refused != nil {
		s.env.Refused(r)
	}
	text := s.protocol.Refuse(r)
	if text == nil {
		c.Conn.Close()
		return
	}
	s.aside(c.Conn, func() {
		defer c.Conn.Close()
		c.Conn.SetDeadline(time.Now().Add(refusalTime))
		if _, err := c.Conn.Write(text); err != nil {
			return
		}
		if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, c.Conn, refusalRead)
		}
	})
}

const (
	// refusalPause is how long further refusals of an address are only counted.
	refusalPause = time.Minute
	// maxRefused is how many addresses are told apart in that time.
	maxRefused = 1000
)

// refusals logs refused connections: the first one of each address at once, and at the end of the
// minute how many more there were, so that a flood of connections does not flood the log. If there
// are too many addresses, the last ones are counted together.
type refusals struct {
	log *slog.Logger

	mu    sync.Mutex
	since map[netip.Addr]*refused
	flow  *time.Timer // runs while there are any
}

type refused struct {
	reason string // of the last one
	n      int    // beside the first
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, since: map[netip.Addr]*refused{}}
}

// note counts one refusal.
func (r *refusals) note(remote netip.Addr, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.since[remote]
	if seen == nil && len(r.since) >= maxRefused {
		remote = netip.Addr{}
		seen = r.since[remote]
	}
	if seen != nil {
		seen.n++
		seen.reason = reason
		return
	}
	r.since[remote] = &refused{reason: reason}
	if remote.IsValid() {
		r.log.Warn("connection refused", "remote", remote, "reason", reason)
	}
	if r.flow == nil {
		r.flow = time.AfterFunc(refusalPause, r.flush)
	}
}

// flush logs the counts.
func (r *refusals) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for remote, seen := range r.since {
		switch {
		case !remote.IsValid():
			r.log.Warn("connections of further addresses refused", "count", seen.n+1, "reason", seen.reason)
		case seen.n > 0:
			r.log.Warn("further connections refused", "remote", remote, "count", seen.n, "reason", seen.reason)
		}
	}
	clear(r.since)
	if r.flow != nil {
		r.flow.Stop()
		r.flow = nil
	}
}
