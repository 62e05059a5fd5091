package ftp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
)

// client is one client's connection. For the library it is a whole server (a MainDriver) with only
// this client. So clients share only what this package shares, and the library's own code for
// accepting and stopping, which has data races, is not used.
type client struct {
	srv     *Server
	conn    *frontend.Conn
	control *control
	log     *slog.Logger

	ctx    context.Context // ends with the connection; for logins, which have no session yet
	cancel context.CancelFunc
	cc     ftpserver.ClientContext // set before the library calls any other method

	tls *tls.Config // nil: no TLS

	// The state of a login. Only the library's goroutine for the connection uses it.
	loginID   string
	step      *auth.Step       // the step that the password will answer
	certified *session.Session // of a client that has logged in by its certificate
	denied    error            // why the certificate was not sufficient

	params parameters // used only by the goroutine that reads commands
	driver *driver    // used only by the goroutine that reads commands; nil: not logged in

	notifies  atomic.Bool  // the client has sent close_notify at the end of an upload
	uploading atomic.Int32 // number of running uploads, at most one
	warned    sync.Once    // about an upload that is lost because the client has disconnected

	disconnected chan struct{} // closed when the library has noticed the end

	mu       sync.Mutex
	idle     sync.Cond // signalled when running is 0
	running  int       // number of running storage calls and transfers
	gone     bool      // no further ones may begin
	session  *session.Session
	unhook   func() bool // undoes the call at the end of the session
	source   dataSource  // nil: no PASV or PORT was sent
	transfer *transfer   // running; nil: none
}

var (
	_ ftpserver.MainDriver                         = (*client)(nil)
	_ ftpserver.MainDriverExtensionUserVerifier    = (*client)(nil)
	_ ftpserver.MainDriverExtensionPostAuthMessage = (*client)(nil)
	_ ftpserver.MainDriverExtensionQuitMessage     = (*client)(nil)
)

func newClient(s *Server, nc *frontend.Conn) *client {
	c := &client{
		srv:          s,
		conn:         nc,
		control:      newControl(nc, s.cfg.LoginTimeout, s.cfg.IdleTimeout),
		log:          s.env.Log.With("remote", nc.Remote),
		disconnected: make(chan struct{}),
	}
	c.idle.L = &c.mu
	c.ctx, c.cancel = context.WithCancel(context.Background()) // Serve and Cut end it
	c.control.working = c.isWorking
	c.tls = s.tls
	if s.tls != nil && s.cfg.TLS.Resumption == required {
		c.tls = s.tls.Clone() // with its own keys, only TLS sessions of this connection can be resumed
	}
	c.control.tlsConfig = c.tls
	c.control.perform, c.control.settle = c.perform, c.settle
	c.control.keeps, c.control.clears = s.cfg.Hangup == keep, s.cfg.TLS.CCC
	c.params = c.initialParameters()
	c.control.names.Store(s.firstNames())
	switch s.cfg.TLS.Mode {
	case implicit:
		c.control.implicit = true
		c.control.secure()
	case explicit:
		c.control.required = s.cfg.TLS.Required
	}
	return c
}

func (c *client) initialParameters() parameters {
	p := newParameters()
	p.private = c.srv.cfg.TLS.Mode == implicit
	return p
}

// Serve implements [frontend.Client].
func (c *client) Serve(ctx context.Context) {
	defer c.cancel()
	defer context.AfterFunc(ctx, c.cancel)()
	defer func() { c.conn.Ends(c.control.ending()) }()
	lib := ftpserver.NewFtpServer(c)
	if err := lib.Listen(); err != nil {
		c.log.Error("cannot serve a client", "err", err)
		c.Cut()
		return
	}
	var end endOfLog
	defer end.set()
	lib.Logger = slog.New(quiet{c.log.Handler(), &end})
	_ = lib.Serve() // the error is that of oneConn

	c.Cut()
	c.mu.Lock()
	for c.running > 0 {
		c.idle.Wait()
	}
	sess, unhook := c.session, c.unhook
	c.mu.Unlock()
	if sess != nil {
		unhook()
		defer recoverTo(new(error), c.log) // of closing what the library has left open
		sess.Close()
	}
}

// oneConn is a listener that accepts one connection. Its second Accept waits for the end of the
// connection.
type oneConn struct {
	client *client
	taken  bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return l.client.control, nil
	}
	<-l.client.disconnected
	<-l.client.control.closed
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.client.control.LocalAddr() }

// end ends the connection in order: a running transfer is broken off and gets its reply, and then
// the client gets a last reply.
func (c *client) end(last *reply) {
	c.cancel()
	c.closeData()
	c.control.finish(last)
}

// sessionEnded is called when the session was ended elsewhere.
func (c *client) sessionEnded() {
	if c.conn.IsClosing() {
		c.end(errShuttingDown)
	} else {
		c.end(errEnded)
	}
}

// Dismiss implements [frontend.Client].
func (c *client) Dismiss() { c.end(errShuttingDown) }

// Cut implements [frontend.Client].
func (c *client) Cut() {
	c.mu.Lock()
	c.gone = true
	sess := c.session
	c.mu.Unlock()
	c.cancel()
	if sess != nil {
		sess.End(context.Canceled)
	}
	c.closeData()
	c.control.Conn.Close()
}

// closeData breaks off a running transfer, or one that is about to begin.
func (c *client) closeData() {
	c.setSource(nil)
	if t := c.underWay(); t != nil {
		t.cut()
	}
}

// enter counts a storage call or a transfer, unless the connection has ended. The caller must call
// leave at its end.
func (c *client) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return errEnded
	}
	c.running++
	return nil
}

func (c *client) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running--; c.running == 0 {
		c.idle.Broadcast()
	}
}

func (c *client) isWorking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running > 0
}

// GetSettings implements [ftpserver.MainDriver].
func (c *client) GetSettings() (*ftpserver.Settings, error) {
	cfg := &c.srv.cfg
	settings := &ftpserver.Settings{
		Listener:            &oneConn{client: c},
		ListenAddr:          c.control.LocalAddr().String(),
		Banner:              cfg.Banner,
		IdleTimeout:         int((cfg.IdleTimeout + time.Second - 1) / time.Second),
		DefaultTransferType: ftpserver.TransferTypeBinary, // for SIZE; text is converted by this package
	}
	return settings, nil
}

// GetTLSConfig implements [ftpserver.MainDriver]. The library does no TLS.
func (c *client) GetTLSConfig() (*tls.Config, error) { return nil, errNoTLS }

// ClientConnected implements [ftpserver.MainDriver].
func (c *client) ClientConnected(cc ftpserver.ClientContext) (string, error) {
	c.cc = cc
	return c.srv.cfg.Banner, nil
}

// ClientDisconnected implements [ftpserver.MainDriver]. A transfer may still be running; Serve
// waits for it.
func (c *client) ClientDisconnected(ftpserver.ClientContext) {
	if c.control.departed {
		_ = c.control.Close()
	}
	if c.uploading.Load() > 0 && c.srv.cfg.Hangup == discard && c.hungUp() {
		c.warnOfHangup()
	}
	c.Cut()
	close(c.disconnected)
}

// QuitMessage implements [ftpserver.MainDriverExtensionQuitMessage]. The library also calls it when
// this package ends the connection.
func (c *client) QuitMessage() string {
	if last := c.control.lastWords(); last != nil {
		return last.Error()
	}
	return "Goodbye."
}

// spaceKnown reports whether the storage knows how much space is free.
func (c *client) spaceKnown() bool {
	if c.driver == nil {
		return false
	}
	_, err := c.driver.GetAvailableSpace("/")
	return err == nil
}
