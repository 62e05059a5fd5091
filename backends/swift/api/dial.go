package api

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// bodyBuffer is the size of a write for a body, in bytes.
const bodyBuffer = 256 << 10

// handshakeTimeout is the time limit for a TLS handshake.
const handshakeTimeout = 10 * time.Second

// dialer opens connections to Swift. net/http passes a long body to the connection's ReadFrom,
// which by default would send it in pieces of 32 KiB.
type dialer struct {
	net.Dialer
	tls     *tls.Config
	buffers sync.Pool // of *[bodyBuffer]byte
}

func newDialer(config *tls.Config) *dialer {
	return &dialer{
		tls:     config,
		Dialer:  net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second},
		buffers: sync.Pool{New: func() any { return new([bodyBuffer]byte) }},
	}
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: c, buffers: &d.buffers}, nil
}

// dialTLS opens a TLS connection. Its wire sees the decrypted data.
func (d *dialer) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config := d.tls.Clone()
	config.ServerName = host
	c := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return &wire{Conn: c, buffers: &d.buffers}, nil
}

var _ io.ReaderFrom = (*wire)(nil)

// ReadFrom implements [io.ReaderFrom]. It sends in large pieces.
func (w *wire) ReadFrom(r io.Reader) (int64, error) {
	buf := w.buffers.Get().(*[bodyBuffer]byte)
	defer w.buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, r, buf[:])
}
