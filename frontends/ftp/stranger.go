package ftp

import (
	"errors"
	"net"
	"os"
	"strings"

	"filegate/core/frontend"
)

// maxEarly is how many commands a client may send before its login.
const maxEarly = 100

var (
	errNotFTP   = errors.New("the client speaks HTTP")
	errTooEarly = &reply{code: 421, text: "Too many commands without a login."}
)

// early checks a command that was sent before the login. If a browser is tricked into connecting,
// lines of its HTTP request could be FTP commands (the ALPACA attack). They are neither executed
// nor answered.
func (c *control) early(arg string) error {
	if upper := strings.ToUpper(arg); strings.HasPrefix(upper, "HTTP/") || strings.Contains(upper, " HTTP/") {
		return errNotFTP
	}
	if c.earlier++; c.earlier > maxEarly {
		c.finish(errTooEarly)
	}
	return nil
}

// ending returns the kind of end of a connection on which the client may not have logged in. It is
// called at the end.
func (c *control) ending() frontend.Ending {
	last := c.lastWords()
	switch {
	case c.loggedIn, c.tries > 0, last == errShuttingDown: // a refused login has been counted already
		return frontend.EndedFine
	case last == errIdle, errors.Is(c.broken, os.ErrDeadlineExceeded):
		return frontend.EndedTimeout
	case last == errTooEarly, c.broken != nil && !gone(c.broken) && !errors.Is(c.broken, net.ErrClosed):
		return frontend.EndedHandshake
	}
	return frontend.EndedNoLogin
}
