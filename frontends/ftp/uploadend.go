package ftp

import "fmt"

// The values of the options hangup and close_notify.
const (
	discard = "discard"
	keep    = "keep"

	automatic = "auto"
	required  = "required"
	ignored   = "ignored"
)

// closeNotify returns the value of the option close_notify. The option was a boolean earlier.
func (t *TLS) closeNotify() string {
	switch t.CloseNotify {
	case "true":
		return required
	case "false":
		return ignored
	}
	return t.CloseNotify
}

func (t *TLS) validateCloseNotify(report func(attribute, summary, detail string)) {
	switch t.closeNotify() {
	case automatic, required, ignored:
	default:
		report("tls.close_notify", fmt.Sprintf("There is no rule %q about close_notify", t.CloseNotify), `There are "auto", "required" and "ignored".`)
	}
}

func (c *Config) validateHangup(report func(attribute, summary, detail string)) {
	switch c.Hangup {
	case discard, keep:
	default:
		report("hangup", fmt.Sprintf("%q is nothing to do when a client hangs up", c.Hangup), `There are "discard" and "keep".`)
	}
}

// ending returns an error if the data connection shows that an upload is incomplete.
//
// crypto/tls does not show it, because its Read returns io.EOF also at the end of the TCP
// connection. But after close_notify it does not read any more. So if dataConn has seen the end of
// the TCP connection, there was no close_notify.
func (u *upload) ending(s *dataStream) error {
	if !s.private {
		return nil
	}
	if !s.conn.eof.Load() {
		u.client.notifies.Store(true)
		return nil
	}
	switch u.client.srv.cfg.TLS.closeNotify() {
	case ignored:
		return nil
	case automatic:
		if !u.client.notifies.Load() && !u.client.hungUp() {
			return nil
		}
	}
	u.session.Log().Warn("upload discarded", "reason", "the data connection ended without close_notify: the upload may have been cut off",
		"help", `if this client always ends uploads like that, set close_notify = "ignored" in the block tls`)
	return errNoEnd
}

// abandoned reports whether the client has disconnected after its last byte, so that the upload
// must be discarded.
func (u *upload) abandoned() bool {
	if u.client.srv.cfg.Hangup == keep || !u.client.hungUp() {
		return false
	}
	u.client.warnOfHangup()
	return true
}

// warnOfHangup logs that an upload is lost because the client has disconnected.
func (c *client) warnOfHangup() {
	c.warned.Do(func() {
		c.log.Warn("upload discarded", "reason", "the client closed the control connection before the upload was stored",
			"help", `if this client hangs up behind its last byte, set hangup = "keep"`)
	})
}

// hungUp reports whether the client has closed the control connection without QUIT.
func (c *client) hungUp() bool {
	return !c.control.quitting.Load() && (c.control.left.Load() || hungUp(c.control.Conn))
}
