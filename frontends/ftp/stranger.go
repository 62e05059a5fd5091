package ftp

import (
	"errors"
	"net"
	"os"
	"strings"

	"filegate/core/frontend"
)

// maxEarly is the number of commands that a client may send before it has logged in.
const maxEarly = 100

var (
	errNotFTP   = errors.New("the client speaks HTTP")
	errTooEarly = &reply{code: 421, text: "Too many commands without a login."}
)

// early looks at a command that comes before the login. A browser that was led here sends HTTP, and
// lines of its request could be commands (the ALPACA attack): nothing of it is executed or
// answered.
func (c *control) early(arg string) error {
	if upper := strings.ToUpper(arg); strings.HasPrefix(upper, "HTTP/") || strings.Contains(upper, " HTTP/") {
		return errNotFTP
	}
	if c.earlier++; c.earlier > maxEarly {
		c.finish(errTooEarly)
	}
	return nil
}

// ending returns how the connection has ended of a client that may not have logged in. It is called
// at the end.
func (c *control) ending() frontend.Ending {
	last := c.lastWords()
	switch {
	case c.loggedIn, c.tries > 0, last == errShuttingDown: // what was refused is counted as a login
		return frontend.EndedFine
	case last == errIdle, errors.Is(c.broken, os.ErrDeadlineExceeded):
		return frontend.EndedTimeout
	case last == errTooEarly, c.broken != nil && !gone(c.broken) && !errors.Is(c.broken, net.ErrClosed):
		return frontend.EndedHandshake
	}
	return frontend.EndedNoLogin
}
