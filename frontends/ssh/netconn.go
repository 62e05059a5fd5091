package ssh

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// netConn is a client's TCP connection, with what the library lacks: the end of the connection ends the work for it also while it logs in,
// and a client that takes no data does not hold a writer for ever.
type netConn struct {
	net.Conn
	gone    context.CancelFunc // called when the client is gone
	stalled atomic.Int64       // how long a write may take, in ns; 0 while the deadline of the login holds
}

func (c *netConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.gone()
	}
	return n, err
}

func (c *netConn) Write(p []byte) (int, error) {
	if d := c.stalled.Load(); d > 0 {
		c.SetWriteDeadline(time.Now().Add(time.Duration(d)))
	}
	return c.Conn.Write(p)
}

// loggedIn ends the deadline of the login: from here on only each write has one.
func (c *netConn) loggedIn(stalled time.Duration) {
	c.stalled.Store(int64(stalled))
	c.SetDeadline(time.Time{})
}
