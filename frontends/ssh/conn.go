package ssh

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
)

const (
	// maxChannels is how many channels one connection may have open, as in OpenSSH.
	maxChannels = 10
	// channelWait is how long a new channel waits for the cleanup of one that the client has just
	// closed.
	channelWait = time.Second
)

// conn is one client's connection.
type conn struct {
	srv *Server
	net *frontend.Conn
	// wire is net with deadlines and buffers, for the library.
	wire *netConn
	log  *slog.Logger
	used *activity // when its channels last moved data
	open channels
}

func newConn(s *Server, c *frontend.Conn) *conn {
	return &conn{srv: s, net: c, used: newActivity(), log: c.Log}
}

// serve serves the client until the connection ends.
func (c *conn) serve(ctx context.Context) {
	defer c.net.Close()
	defer c.recoverPanic()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sc, channels, requests, sess := c.handshake(ctx, cancel)
	if c.wire != nil {
		defer c.wire.Close()
	}
	if sess == nil {
		return
	}
	defer sess.Close()
	if sc == nil {
		return
	}
	// The end of the session closes the connection, after the last answer was sent. The end of the
	// connection ends the session.
	defer context.AfterFunc(sess.Context(), func() { c.wire.Close() })()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer sess.End(context.Canceled)
	wg.Go(func() { ssh.DiscardRequests(requests) })
	c.used.note()
	if c.srv.keepalive > 0 {
		wg.Go(func() { c.keepAlive(sess) })
	}
	wg.Go(func() { c.endIdle(sess) })
	slots, waiting := make(chan struct{}, maxChannels), make(chan struct{}, maxChannels)
	for ch := range channels {
		if ch.ChannelType() != "session" {
			_ = ch.Reject(ssh.Prohibited, allowed(c.srv.services))
			continue
		}
		select {
		case waiting <- struct{}{}:
		default:
			refuseChannel(ch)
			continue
		}
		wg.Go(func() {
			defer c.recoverPanic()
			entered := enterSlot(sess.Context(), slots)
			<-waiting
			if !entered {
				refuseChannel(ch)
				return
			}
			defer func() { <-slots }()
			c.serveChannel(ch, sess)
		})
	}
}

// enterSlot takes a place for a channel. If there is none it waits a little: a client that closes a
// channel and opens the next one at once must not be refused because the cleanup of the first has
// not ended.
func enterSlot(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	wait := time.NewTimer(channelWait)
	defer wait.Stop()
	select {
	case slots <- struct{}{}:
		return true
	case <-wait.C:
	case <-ctx.Done():
	}
	return false
}

func refuseChannel(ch ssh.NewChannel) {
	_ = ch.Reject(ssh.ResourceShortage, "too many channels on this connection")
}

// handshake exchanges keys and logs the client in. It may return a session without a ServerConn if
// the connection broke right after the login.
func (c *conn) handshake(ctx context.Context, cancel context.CancelFunc) (*ssh.ServerConn, <-chan ssh.NewChannel, <-chan *ssh.Request, *session.Session) {
	deadline := time.Now().Add(c.srv.loginTimeout)
	ctx, stop := context.WithDeadline(ctx, deadline)
	defer stop()
	login := &login{
		ctx: ctx, attempt: c.srv.env.Login, methods: c.srv.env.Methods(), hangUp: func() { c.net.Close() },
		unproved: c.srv.env.Unproved,
		about:    auth.Request{Service: "ssh", SessionID: c.net.ID, Remote: c.net.Remote, Local: c.net.Local},
	}
	cfg := c.srv.ssh
	login.install(&cfg)
	raw := net.Conn(c.net)
	raw.SetDeadline(deadline)
	if c.srv.anyCipher {
		var ciphers []string
		var err error
		if raw, ciphers, err = hello(raw, c.srv.ssh.ServerVersion); err != nil {
			c.endedBeforeLogin(login, err)
			return nil, nil, nil, nil
		}
		cfg.Ciphers = offer(ciphers, c.srv.ssh.Ciphers)
		raw.SetDeadline(deadline)
	}
	nc := newNetConn(raw, cancel)
	c.wire = nc
	sc, channels, requests, err := ssh.NewServerConn(nc, &cfg)
	if err != nil {
		c.endedBeforeLogin(login, err)
		return nil, nil, nil, login.session
	}
	if !c.net.LoggedIn() {
		sc.Close()
		return nil, nil, nil, login.session
	}
	nc.loggedIn(missedKeepalives * c.srv.keepalive)
	if login.session != nil {
		login.session.SetProgram(strings.TrimPrefix(string(sc.ClientVersion()), "SSH-2.0-"))
	}
	algorithms := sc.Conn.(ssh.AlgorithmsConnMetadata).Algorithms()
	c.log.Debug("connection is up", "client", string(sc.ClientVersion()), "kex", algorithms.KeyExchange, "host_key", algorithms.HostKey,
		"cipher_in", algorithms.Read.Cipher, "cipher_out", algorithms.Write.Cipher)
	return sc, channels, requests, login.session
}

// endedBeforeLogin logs why a client has not logged in, unless the login itself was logged.
func (c *conn) endedBeforeLogin(l *login, err error) {
	switch {
	case l.notProved(err):
		l.tellUnproved()
	case asksForServiceAgain(err):
		c.log.Info("the client began its login anew, which is not possible: it should offer only what lets it in (paramiko: look_for_keys=False, allow_agent=False)",
			"user", l.user, "client", l.client)
	default:
		c.log.Debug("connection ended before login", "err", err)
	}
	c.net.Ends(l.ending(err))
}

// recoverPanic recovers a panic in the work for one client, which would otherwise end the process
// for all clients.
func (c *conn) recoverPanic() {
	_ = frontend.Panicked(recover(), c.log) // there is no caller who could be told
}
