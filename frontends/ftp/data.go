package ftp

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dataBuffer is how much goes to the network at a time, in bytes: the library writes a listing entry by entry.
	dataBuffer = 256 << 10
	// lastWords is how long a client may take to accept the rest when a data connection is closed.
	lastWords = 5 * time.Second
)

// dataListener waits for one client's data connection.
type dataListener struct {
	net.Listener
	client *client
}

func (l *dataListener) Accept() (net.Conn, error) {
	nc, err := l.acceptPeer()
	if err != nil {
		return nil, err
	}
	d := &dataConn{Conn: nc, timeout: l.client.srv.cfg.DataTimeout}
	if !l.client.keepData(d) {
		nc.Close()
		return nil, net.ErrClosed
	}
	return d, nil
}

// acceptPeer waits for a connection of the client's own. A stranger's is closed, and ends nothing.
func (l *dataListener) acceptPeer() (net.Conn, error) {
	peer := addrPort(l.client.control.RemoteAddr()).Addr().WithZone("")
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if from := addrPort(nc.RemoteAddr()).Addr().WithZone(""); from != peer {
			l.client.log.Warn("data connection refused", "from", from.String(), "reason", "it is not from the client's address")
			nc.Close()
			continue
		}
		return nc, nil
	}
}

// dataConn is a data connection beneath TLS, if there is TLS: buffered, with a deadline for each read and write, since the library sets none.
type dataConn struct {
	net.Conn
	timeout time.Duration
	eof     atomic.Bool // a read came to the end of the TCP connection

	mu  sync.Mutex // held while sending
	out []byte
	err error // of the first write that failed
}

// Read sends what is in the buffer first: the client may be waiting for it, as in the handshake of TLS.
func (d *dataConn) Read(p []byte) (int, error) {
	if err := d.Flush(); err != nil {
		return 0, err
	}
	d.SetReadDeadline(time.Now().Add(d.timeout))
	n, err := d.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		d.eof.Store(true)
	}
	return n, err
}

func (d *dataConn) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.out)+len(p) > dataBuffer {
		d.flush(d.timeout)
	}
	if len(p) > dataBuffer {
		d.send(p, d.timeout)
	} else {
		d.out = append(d.out, p...)
	}
	if d.err != nil {
		return 0, d.err
	}
	return len(p), nil
}

// Flush sends what is in the buffer. The library calls it at the end of a listing, but not over TLS: there Close does it.
func (d *dataConn) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flush(d.timeout)
	return d.err
}

// Close sends what is in the buffer, unless it is called while a write is under way: then it is to break that.
func (d *dataConn) Close() error {
	if d.mu.TryLock() {
		d.flush(lastWords)
		d.mu.Unlock()
	}
	return d.Conn.Close()
}

func (d *dataConn) flush(timeout time.Duration) {
	if len(d.out) > 0 {
		d.send(d.out, timeout)
		d.out = d.out[:0]
	}
}

func (d *dataConn) send(p []byte, timeout time.Duration) {
	if d.err == nil {
		d.SetWriteDeadline(time.Now().Add(timeout))
		_, d.err = d.Conn.Write(p)
	}
}
