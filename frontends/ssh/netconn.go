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
	// readBuffer is how much is read at once, in bytes. The library asks for the head of a packet
	// and then for the rest: without a buffer that is two or three calls of the system for 32 KiB.
	readBuffer = 64 << 10
	// writeBuffer is how much is written at once at most, and how far the library may be ahead of
	// the network, in bytes.
	writeBuffer = 256 << 10
)

// maxBeforeLogin is how many bytes a client may send before it is logged in: room for several key
// exchanges and some dozen keys. It bounds the memory and the time that a stranger can take.
const maxBeforeLogin = 512 << 10

var errTooMuchBeforeLogin = errors.New("the client has sent too much before its login")

// netConn is a client's TCP connection, with what the library lacks: the end of the connection ends
// the work for it also while it logs in, a client that takes no data does not hold a writer for
// ever, and bytes go to and from the system in large pieces.
//
// What is written goes out at once, and what comes while the system is still busy with it goes out
// together. The library writes each packet in three pieces, and encrypts the next one in the
// meantime.
type netConn struct {
	net.Conn
	gone    context.CancelFunc // called when the client is gone
	heard   *activity          // bytes that came
	allowed atomic.Int64       // how many bytes more may come before the login
	through atomic.Bool        // logged in: any number of bytes may come
	stalled atomic.Int64       // how long a write may take, in ns; 0 while the deadline of the login holds

	in []byte // read, and not taken yet; one goroutine reads
	// memory is where in lies.
	memory []byte

	mu      sync.Mutex
	changed *sync.Cond // any of the following
	out     []byte     // to be written
	spare   []byte     // the other buffer, while nobody writes it
	err     error      // of a write: nothing more goes out
	closed  bool
	done    chan struct{} // closed when the writing has ended
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

// Write implements [net.Conn]. It returns when p is on its way. An error of an earlier write is
// told by a later one, and by Close.
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

// writeAll writes what there is until the connection is closed.
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

// flushTime bounds how long Close waits for what was written before it.
const flushTime = 5 * time.Second

// Close implements [net.Conn]. What has been written goes out before it.
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

// loggedIn ends the deadline of the login: from here on only each write has one, unless stalled is
// 0.
func (c *netConn) loggedIn(stalled time.Duration) {
	c.through.Store(true)
	c.stalled.Store(int64(stalled))
	c.SetDeadline(time.Time{})
}
