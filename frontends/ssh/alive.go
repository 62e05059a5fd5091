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
	// missedKeepalives is for how many intervals a client may be silent.
	missedKeepalives = 3
	// unusedTimeout is how long a client may be logged in without a channel. An OpenSSH client that
	// is kept as a master for others has none in between.
	unusedTimeout = 15 * time.Minute
)

var (
	// errSilent is why a session ends whose client sends nothing.
	errSilent = errors.New("the client does not answer")
	// errIdle is why a session ends whose client does nothing.
	errIdle = errors.New("the client was idle for too long")
)

// activity is when a client's connection was last used.
type activity struct {
	began time.Time
	last  atomic.Int64 // since began, in ns
}

func newActivity() *activity { return &activity{began: time.Now()} }

func (a *activity) note() { a.last.Store(int64(time.Since(a.began))) }

// since returns the time that has passed since the last note.
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

// channels are the open channels of a connection. A channel that has been asked whether the client
// is alive, and has not been answered, is not asked again.
type channels struct {
	mu   sync.Mutex
	open map[ssh.Channel]bool // whether a question is under way
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

// take returns a channel on which no question is under way, and marks it; or nil.
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

// answered ends the question that take began.
func (c *channels) answered(ch ssh.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, open := c.open[ch]; open {
		c.open[ch] = false
	}
}

// keepAlive asks a client that is quiet whether it is alive, and ends the session of one that sends
// nothing at all for the whole time.
func (c *conn) keepAlive(sess *session.Session) {
	var wg sync.WaitGroup
	defer wg.Wait()
	every := c.srv.keepalive
	tick := time.NewTicker(every)
	defer tick.Stop()
	asked := false // since the client was last heard of
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
			// The question waits without end for its answer. The session's end closes the
			// connection, and that ends the wait.
			wg.Go(func() {
				_, _ = ch.SendRequest("keepalive@openssh.com", true, nil) // an answer is all that it is for
				c.open.answered(ch)
			})
		}
	}
}

// endIdle ends the session of a client that has done nothing for too long: without a channel, and,
// where there is an idle timeout, with one.
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
		if sess.WaitIdle(now) == nil { // nothing is under way, and no file is open
			sess.End(errIdle)
			return
		}
	}
}
