package ftp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// openTimeout is the time limit for opening a data connection, including its TLS handshake.
	openTimeout = 15 * time.Second
	// dataBuffer is the size of a write to the network, in bytes. TLS itself writes single records.
	dataBuffer = 256 << 10
	// lastWords is how long a client may take to receive the rest when a data connection is closed.
	lastWords = 5 * time.Second
)

var (
	errNoSource  = &reply{code: 425, text: "Send EPSV, PASV, EPRT or PORT first."}
	errNotOpened = &reply{code: 425, text: "The data connection was not opened."}
	errDataTLS   = &reply{code: 425, text: "The TLS handshake of the data connection failed."}
	// errNotResumed is vsftpd's reply in the same case.
	errNotResumed = &reply{code: 522, text: "Data connections must resume the TLS session of the control connection."}
	errDataClear  = &reply{code: 522, text: "Data connections must use TLS; send PROT P."}
)

// dataSource opens the next data connection, as the client has requested by PASV or PORT.
type dataSource interface {
	// open returns the connection. It is called once, and ends with ctx.
	open(ctx context.Context) (net.Conn, error)
	Close() error
}

// setSource sets the source of the next data connection, and closes an unused earlier one.
func (c *client) setSource(s dataSource) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.source != nil {
		c.source.Close()
	}
	c.source = s
	if c.gone && s != nil {
		s.Close()
	}
}

func (c *client) takeSource() dataSource {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.source
	c.source = nil
	return s
}

// connect opens the data connection of a transfer, and sends the reply 150 to the client.
func (c *client) connect(t *transfer, params transferParameters, announcement string) (*dataStream, *reply) {
	if c.control.required && !params.private {
		return nil, errDataClear
	}
	source := c.takeSource()
	if source == nil {
		return nil, errNoSource
	}
	defer source.Close()
	ctx, cancel := context.WithTimeout(t.ctx, openTimeout)
	defer cancel()
	nc, err := source.open(ctx)
	if err != nil {
		c.log.Debug("data connection not opened", "err", err)
		return nil, errNotOpened
	}
	conn := &dataConn{Conn: nc, timeout: c.srv.cfg.DataTimeout}
	if !t.use(conn) {
		nc.Close()
		return nil, errNotOpened
	}
	if err := c.control.answer(&reply{code: 150, text: announcement}); err != nil {
		nc.Close()
		return nil, errNotOpened
	}
	s := &dataStream{conn: conn, net: conn, transferParameters: params}
	if params.private {
		tc, err := c.secureData(ctx, conn)
		switch {
		case err != nil:
			c.log.Info("data connection not encrypted", "err", err)
			nc.Close()
			return nil, errDataTLS
		case c.srv.cfg.TLS.Resumption == required && !tc.ConnectionState().DidResume:
			c.log.Warn("data connection refused", "reason", "it does not resume the TLS session of the control connection",
				"help", `for clients that cannot, set resumption = "optional" in the block tls`)
			tc.Close()
			return nil, errNotResumed
		}
		s.net = tc
	}
	return s, nil
}

// secureData makes the TLS handshake on a data connection. It is made here because clients wait for
// it even if no data is sent.
func (c *client) secureData(ctx context.Context, conn *dataConn) (*tls.Conn, error) {
	tc := tls.Server(conn, c.tls)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return tc, conn.Flush()
}

// dataStream is an open data connection, as a payload uses it. It remembers a failure of the
// connection, because the reply to a failed transfer depends on the cause.
type dataStream struct {
	transferParameters
	conn   *dataConn
	net    net.Conn // conn, or TLS over it
	failed error
	closed bool
}

func (s *dataStream) Read(p []byte) (int, error) {
	n, err := s.net.Read(p)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

func (s *dataStream) Write(p []byte) (int, error) {
	n, err := s.net.Write(p)
	if err != nil {
		s.failed = err
	}
	return n, err
}

// flush sends the buffered data.
func (s *dataStream) flush() error {
	if err := s.conn.Flush(); err != nil {
		s.failed = err
		return err
	}
	return nil
}

// Close closes the connection in order, once. It ignores errors, because the client may have closed
// its end after it had received everything.
func (s *dataStream) Close() {
	if !s.closed {
		s.closed = true
		s.net.Close()
	}
}

// cut closes the connection without close_notify, so that the client sees that data is missing.
func (s *dataStream) cut() {
	s.closed = true
	s.conn.Conn.Close()
}

// dataConn is a data connection below TLS, if there is TLS. It buffers writes, and sets a deadline
// for each read and write.
type dataConn struct {
	net.Conn
	timeout time.Duration
	eof     atomic.Bool // a read has reached the end of the TCP connection

	mu  sync.Mutex // held while sending
	out []byte
	err error // the first error of a write
}

// Read sends the buffered data first, because the client may be waiting for it, as in the TLS
// handshake.
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
	if len(p) >= dataBuffer {
		d.send(p, d.timeout)
	} else {
		d.out = append(d.out, p...)
	}
	if d.err != nil {
		return 0, d.err
	}
	return len(p), nil
}

// Flush sends the buffered data.
func (d *dataConn) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flush(d.timeout)
	return d.err
}

// Close sends the buffered data, unless a write is running: then Close breaks it off.
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
