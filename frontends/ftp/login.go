package ftp

import (
	"cmp"
	"context"
	"errors"
	"strings"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
)

// PreAuthUser implements [ftpserver.MainDriverExtensionUserVerifier]. It may log in a client by its
// certificate.
func (c *client) PreAuthUser(cc ftpserver.ClientContext, user string) (err error) {
	defer recoverTo(&err, c.log)
	defer func() {
		if err != nil {
			c.control.refused(false)
		}
	}()
	return c.certificateLogin(cc, user)
}

// AuthUser implements [ftpserver.MainDriver]. After a refusal the library disconnects the client,
// unless [control.refused] prevents it.
func (c *client) AuthUser(cc ftpserver.ClientContext, user, pass string) (_ ftpserver.ClientDriver, err error) {
	defer recoverTo(&err, c.log)
	switch {
	case c.control.leaving:
		c.reinitialize()
		return nil, errReinitialized
	case user == "":
		c.control.refused(false)
		return nil, errLoginRefused
	}
	c.driver = nil // the library drops it too
	if err := c.enter(); err != nil {
		c.control.refused(false)
		return nil, err
	}
	defer c.leave()
	sess := c.certified
	c.certified = nil
	if sess == nil {
		if sess, err = c.passwordLogin(cc, user, auth.Secret(pass)); err != nil {
			r, ok := errors.AsType[*reply](err)
			c.control.refused(ok && r.code == errLoginRefused.code)
			return nil, err
		}
		if !c.admit(sess) {
			sess.Close()
			c.control.refused(false)
			return nil, errShuttingDown
		}
	}
	cc.SetPath("/")
	c.driver = &driver{client: c, session: sess}
	return c.driver, nil
}

// PostAuthMessage implements [ftpserver.MainDriverExtensionPostAuthMessage]. If it returns "", the
// library uses its own text.
func (c *client) PostAuthMessage(_ ftpserver.ClientContext, _ string, authErr error) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if authErr != nil || c.session == nil {
		return ""
	}
	var all []string
	for line := range strings.Lines(c.session.Message()) {
		all = append(all, vfs.EscapeControl(strings.TrimRight(line, "\r\n")))
	}
	welcome := strings.ReplaceAll(c.srv.cfg.Welcome, "%u", vfs.EscapeControl(c.session.User()))
	return strings.Join(append(all, cmp.Or(strings.TrimRight(welcome, "\r\n"), "You are logged in.")), "\n")
}

// passwordLogin logs a client in by a password. If the login requires a further step, it is refused
// like a wrong password: FTP has no further steps, and an attacker must not learn that a password
// was right.
func (c *client) passwordLogin(cc ftpserver.ClientContext, user string, password auth.Secret) (*session.Session, error) {
	req := auth.Request{User: user, Method: auth.Password, Password: password}
	if step := c.step; step != nil {
		req.State = step.State
	}
	c.step = nil
	sess, step, err := c.login(cc, req)
	switch {
	case err != nil:
		if auth.ClientText(err) == "" && errors.Is(err, auth.ErrDenied) && auth.ClientText(c.denied) != "" {
			err = c.denied
		}
		return nil, refusal(err)
	case step != nil:
		c.log.Info("login refused", "user", user, "reason", "the login needs a further step, which FTP does not support")
		return nil, errLoginRefused
	case sess == nil:
		return nil, refusal(errors.New("neither a session nor a step"))
	}
	return sess, nil
}

// login takes one step of a login.
func (c *client) login(cc ftpserver.ClientContext, req auth.Request) (*session.Session, *auth.Step, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.srv.cfg.LoginTimeout)
	defer cancel()
	if c.loginID == "" {
		c.loginID = frontend.NewSessionID()
	}
	req.Service, req.SessionID, req.Client = "ftp", c.loginID, cc.GetClientVersion()
	req.Remote, req.Local = c.conn.Remote, c.conn.Local
	sess, step, err := c.srv.env.Login(ctx, req)
	if step == nil {
		c.loginID = "" // the next login gets another ID
	}
	return sess, step, err
}

// admit makes sess the client's session, and closes an earlier one. It returns false if the server
// is shutting down.
func (c *client) admit(sess *session.Session) bool {
	before, unhook, ok := c.replaceSession(sess)
	if !ok {
		return false
	}
	if before != nil {
		unhook()
		before.Close()
	}
	c.control.admit()
	return true
}

func (c *client) replaceSession(sess *session.Session) (before *session.Session, unhook func() bool, ok bool) {
	if !c.conn.LoggedIn() {
		return nil, nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	before, unhook = c.session, c.unhook
	c.session, c.unhook = sess, context.AfterFunc(sess.Context(), c.sessionEnded)
	return before, unhook, true
}
