package ftp

import (
	"time"
)

// errReinitialized is the error of the login in REIN.
var errReinitialized = &reply{code: 220, text: "Ready for a new user."}

// reinitialize executes REIN (RFC 959, section 4.1.1), after which the client is in its first
// state. The library does not support REIN, but it drops the client's state after a failed login.
func (c *control) reinitialize() ([]byte, error) {
	c.leaving = true
	if c.loggedIn {
		return []byte("PASS \r\n"), nil
	}
	if err := c.answer(errReinitialized); err != nil {
		return nil, err
	}
	return nil, c.endRein()
}

// endRein completes REIN after its reply. TLS that the client has requested ends too (RFC 4217,
// section 11).
func (c *control) endRein() error {
	c.leaving, c.named, c.passed = false, false, false
	c.deadlines.Lock()
	if c.loggedIn {
		c.loginBy = time.Now().Add(c.loginTime)
	}
	c.loggedIn = false
	c.deadlines.Unlock()
	c.awaitCommand()
	switch {
	case c.implicit:
		return nil
	case c.in.Buffered() > 0:
		c.finish(errClearText)
		return nil
	}
	return c.endTLS()
}

// reinitialize ends the client's session.
func (c *client) reinitialize() {
	c.control.keepOpen()
	c.setSource(nil)
	c.params = c.initialParameters()
	c.control.names.Store(c.srv.firstNames())
	c.driver = nil
	c.mu.Lock()
	sess, unhook := c.session, c.unhook
	c.session, c.unhook = nil, nil
	c.mu.Unlock()
	if sess != nil {
		unhook()
		sess.Close()
	}
}
