package ssh

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readBuffer is the size of a read, in bytes. The library reads the head of a packet and then
	// the rest; without a buffer that takes two or three system calls for 32 KiB.
	readBuffer = 64 << 10
	// writeBuffer is the largest write, and how many bytes the library may be ahead of the network.
	writeBuffer = 256 << 10
)

// maxBeforeLogin is how many bytes a client may send before it has logged in: enough for several
// key exchanges and a few dozen keys. It bounds the memory and CPU time that an unknown client can
// use.
const maxBeforeLogin = 512 << 10

var errTooMuchBeforeLogin = errors.New("the client has sent too much before its login")

// netConn is a client's TCP connection with three additions that the library lacks. The end of the
// connection cancels the work for it, also during the login. A client that does not read does not
// block a writer forever. Reads and writes of the system are large.
//
// A write is sent at once; the writes that come while the system is busy are sent together. The
// library writes each packet in three pieces, and can encrypt the next packet meanwhile.
type netConn struct {
	net.Conn
	gone    context.CancelFunc // called at the end of the connection
	heard   *activity          // when bytes last arrived
	allowed atomic.Int64       // how many more bytes the client may send before its login
	through atomic.Bool        // the client has logged in, and may send any number of bytes
	// time limit for a write, in nanoseconds; 0 while the deadline of the login applies
	stalled atomic.Int64

	in []byte // bytes read from the network and not yet by the library; one goroutine reads
	// memory is the buffer of in.
	memory []byte

	mu      sync.Mutex
	changed *sync.Cond // signalled when one of the following has changed
	out     []byte     // to be written
	spare   []byte     // the other buffer, while it is not being written
	err     error      // of a write; nothing is sent after it
	closed  bool
	done    chan struct{} // closed when writeAll has returned
}

func newNetConn(c net.Conn, gone context.CancelFunc) *netConn {
	n := &netConn{Conn: c, gone: gone, heard: newActivity(), memory: make([]byte, readBuffer), done: make(chan struct{})}
	n.allowed.Store(maxBeforeLogin)
	n.changed = sync.NewCond(&n.mu)
	go n.writeAll()
	return n
}

// Read implements [net.Conn].
func (c *netConn) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		if len(p) >= len(c.memory) {
			return c.read(p)
		}
		n, err := c.read(c.memory)
		c.in = c.memory[:n]
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *netConn) read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.note()
	}
	if !c.through.Load() && c.allowed.Add(-int64(n)) < 0 && err == nil {
		err = errTooMuchBeforeLogin
	}
	if err != nil {
		c.gone()
	}
	return n, err
}

// Write implements [net.Conn]. It may return before p is sent. An error of sending it is returned
// by a later Write or by Close.
func (c *netConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := 0
	for len(p) > 0 {
		for len(c.out) >= writeBuffer && c.err == nil && !c.closed {
			c.changed.Wait()
		}
		switch {
		case c.err != nil:
			return written, c.err
		case c.closed:
			return written, net.ErrClosed
		}
		n := min(len(p), writeBuffer-len(c.out))
		c.out = append(c.out, p[:n]...)
		p, written = p[n:], written+n
		c.changed.Broadcast()
	}
	return written, nil
}

// writeAll sends what Write has collected, until the connection is closed.
func (c *netConn) writeAll() {
	defer close(c.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for len(c.out) == 0 && !c.closed {
			c.changed.Wait()
		}
		if len(c.out) == 0 {
			return
		}
		batch := c.out
		c.out = c.spare[:0]
		c.mu.Unlock()
		if d := c.stalled.Load(); d > 0 {
			c.SetWriteDeadline(time.Now().Add(time.Duration(d)))
		}
		_, err := c.Conn.Write(batch)
		c.mu.Lock()
		c.spare = batch
		c.changed.Broadcast()
		if err != nil {
			c.err = err
			return
		}
	}
}

// flushTime is how long Close waits for earlier writes.
const flushTime = 5 * time.Second

// Close implements [net.Conn]. It sends earlier writes first.
func (c *netConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.changed.Broadcast()
	c.mu.Unlock()
	cut := time.AfterFunc(flushTime, func() { c.Conn.Close() })
	<-c.done
	cut.Stop()
	return c.Conn.Close()
}

// loggedIn removes the deadline of the login. From now on each write has a deadline, unless stalled
// is 0.
func (c *netConn) loggedIn(stalled time.Duration) {
	c.through.Store(true)
	c.stalled.Store(int64(stalled))
	c.SetDeadline(time.Time{})
}
