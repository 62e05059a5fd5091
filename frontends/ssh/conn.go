package ssh

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/session"
)

const (
	// maxChannels is how many channels one connection may have open, as in OpenSSH.
	maxChannels = 10
	// missedKeepalives is for how many intervals a client may be silent.
	missedKeepalives = 3
)

// errSilent is why a session ends whose client does not answer.
var errSilent = errors.New("the client does not answer")

// conn is one client's connection.
type conn struct {
	srv *Server
	net net.Conn
	// wire is net as the library has it, from the handshake on.
	wire *netConn
	id   string // of the session
	log  *slog.Logger

	in      bool   // logged in; guarded by srv.mu
	through func() // to be called then, or at the end
}

func newConn(s *Server, nc net.Conn) *conn {
	id := strings.ToLower(rand.Text()[:12])
	return &conn{srv: s, net: nc, id: id, log: s.log.With("session", id, "remote", nc.RemoteAddr().String())}
}

// serve serves the client until the connection ends.
func (c *conn) serve(ctx context.Context) {
	defer c.net.Close()
	defer c.recoverPanic()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sc, channels, requests, sess := c.handshake(ctx, cancel)
	defer c.wire.Close()
	if sess == nil {
		return
	}
	defer sess.Close()
	if sc == nil {
		return
	}
	// Whoever ends the session, the connection ends with it, when the client has its last answer; and when the connection has ended, so has the session.
	defer context.AfterFunc(sess.Context(), func() { c.wire.Close() })()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer sess.End(context.Canceled)
	wg.Go(func() { ssh.DiscardRequests(requests) })
	wg.Go(func() { c.keepAlive(sc, sess) })
	slots := make(chan struct{}, maxChannels)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.Prohibited, refusal(c.srv.services))
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = ch.Reject(ssh.ResourceShortage, "too many channels on this connection")
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			defer c.recoverPanic()
			c.serveChannel(ch, sess)
		})
	}
}

// handshake exchanges keys and logs the client in. It returns a session when there is one, also if the connection broke in that moment and there is no ServerConn.
func (c *conn) handshake(ctx context.Context, cancel context.CancelFunc) (*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, *session.Session) {
	deadline := time.Now().Add(c.srv.loginTimeout)
	ctx, stop := context.WithDeadline(ctx, deadline)
	defer stop()
	login := &login{
		ctx: ctx, attempt: c.srv.env.Login, methods: c.srv.env.Methods(), hangUp: func() { c.net.Close() },
		about: auth.Request{Service: "ssh", SessionID: c.id, Remote: addrPort(c.net.RemoteAddr()), Local: addrPort(c.net.LocalAddr())},
	}
	cfg := c.srv.ssh
	login.install(&cfg)
	raw := c.net
	raw.SetDeadline(deadline)
	if c.srv.anyCipher {
		var ciphers []string
		raw, ciphers = hello(raw)
		cfg.Ciphers = offer(ciphers)
		raw.SetDeadline(deadline)
	}
	nc := newNetConn(raw, cancel)
	c.wire = nc
	sc, channels, requests, err := ssh.NewServerConn(nc, &cfg)
	if err != nil {
		c.log.Debug("connection ended before login", "err", err)
		return nil, nil, nil, login.session
	}
	if !c.srv.admit(c) {
		sc.Close()
		return nil, nil, nil, login.session
	}
	nc.loggedIn(missedKeepalives * c.srv.keepalive)
	algorithms := sc.Conn.(ssh.AlgorithmsConnMetadata).Algorithms()
	c.log.Debug("connection is up", "client", string(sc.ClientVersion()), "kex", algorithms.KeyExchange, "host_key", algorithms.HostKey,
		"cipher_in", algorithms.Read.Cipher, "cipher_out", algorithms.Write.Cipher)
	return sc, channels, requests, login.session
}

// keepAlive asks the client regularly whether it is alive, and ends the session of one that is not.
func (c *conn) keepAlive(sc ssh.Conn, sess *session.Session) {
	tick := time.NewTicker(c.srv.keepalive)
	defer tick.Stop()
	for {
		select {
		case <-sess.Context().Done():
			return
		case <-tick.C:
		}
		// SendRequest waits without end: the session's end closes the connection, and that ends the wait.
		silent := time.AfterFunc(missedKeepalives*c.srv.keepalive, func() { sess.End(errSilent) })
		_, _, err := sc.SendRequest("keepalive@openssh.com", true, nil)
		silent.Stop()
		if err != nil {
			return
		}
	}
}

// recoverPanic keeps a mistake in the work for one client from ending the process and so the work for all.
func (c *conn) recoverPanic() {
	if v := recover(); v != nil {
		c.log.Error("panic", "panic", v, "stack", string(debug.Stack()))
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
