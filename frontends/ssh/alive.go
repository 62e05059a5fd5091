package ssh

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/session"
)

const (
	// missedKeepalives is the number of intervals for which a client may be silent.
	missedKeepalives = 3
	// unusedTimeout is how long a logged-in client may have no channel. An OpenSSH master
	// connection has none between its uses.
	unusedTimeout = 15 * time.Minute
)

var (
	// errSilent is the reason for ending the session of a client that sends nothing.
	errSilent = errors.New("the client does not answer")
	// errIdle is the reason for ending the session of a client that does nothing.
	errIdle = errors.New("the client was idle for too long")
)

// activity is the time at which a client's connection was last used.
type activity struct {
	began time.Time
	last  atomic.Int64 // since began, in nanoseconds
}

func newActivity() *activity { return &activity{began: time.Now()} }

func (a *activity) note() { a.last.Store(int64(time.Since(a.began))) }

// since returns the time since the last use.
func (a *activity) since() time.Duration { return time.Since(a.began) - time.Duration(a.last.Load()) }

// activeStream is a channel whose bytes count as activity of the client.
type activeStream struct {
	io.ReadWriter
	used *activity
}

func (s activeStream) Read(p []byte) (int, error) {
	n, err := s.ReadWriter.Read(p)
	if n > 0 {
		s.used.note()
	}
	return n, err
}

func (s activeStream) Write(p []byte) (int, error) {
	n, err := s.ReadWriter.Write(p)
	if n > 0 {
		s.used.note()
	}
	return n, err
}

// channels are the open channels of a connection. A channel with an unanswered keepalive request
// gets no other one.
type channels struct {
	mu   sync.Mutex
	open map[ssh.Channel]bool // value: whether a keepalive request is unanswered
}

func (c *channels) add(ch ssh.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[ssh.Channel]bool{}
	}
	c.open[ch] = false
}

func (c *channels) remove(ch ssh.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, ch)
}

// count returns how many channels are open.
func (c *channels) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// take returns a channel without an unanswered keepalive request and marks it, or returns nil.
func (c *channels) take() ssh.Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch, asked := range c.open {
		if !asked {
			c.open[ch] = true
			return ch
		}
	}
	return nil
}

// answered marks that a channel's keepalive request has ended.
func (c *channels) answered(ch ssh.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, open := c.open[ch]; open {
		c.open[ch] = false
	}
}

// keepAlive sends keepalive requests to a quiet client, and ends the session of a client that sends
// nothing for missedKeepalives intervals.
func (c *conn) keepAlive(sess *session.Session) {
	var wg sync.WaitGroup
	defer wg.Wait()
	every := c.srv.keepalive
	tick := time.NewTicker(every)
	defer tick.Stop()
	asked := false // since the client last sent something
	for {
		select {
		case <-sess.Context().Done():
			return
		case <-tick.C:
		}
		quiet := c.wire.heard.since()
		switch {
		case quiet < every/2:
			asked = false
			continue
		case asked && quiet >= missedKeepalives*every:
			sess.End(errSilent)
			return
		}
		asked = asked || c.open.count() > 0
		if ch := c.open.take(); ch != nil {
			// SendRequest may wait without limit. The end of the session closes the connection,
			// which ends the wait.
			wg.Go(func() {
				_, _ = ch.SendRequest("keepalive@openssh.com", true, nil) // any answer will do
				c.open.answered(ch)
			})
		}
	}
}

// endIdle ends the session of a client that has done nothing for too long: without a channel in any
// case, and with a channel if there is an idle timeout.
func (c *conn) endIdle(sess *session.Session) {
	unused := unusedTimeout
	if c.srv.idleTimeout > 0 {
		unused = min(unused, c.srv.idleTimeout)
	}
	tick := time.NewTicker(unused / 8)
	defer tick.Stop()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		select {
		case <-sess.Context().Done():
			return
		case <-tick.C:
		}
		limit := unused
		if c.open.count() > 0 {
			limit = c.srv.idleTimeout
		}
		if limit == 0 || c.used.since() < limit {
			continue
		}
		if sess.WaitIdle(now) == nil { // nothing is running, and no file is open
			sess.End(errIdle)
			return
		}
	}
}
