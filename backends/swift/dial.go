package swift

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// bodyBuffer is how much of a body goes to the system at once, in bytes.
const bodyBuffer = 256 * kib

// dialer makes connections to Swift. net/http hands a long body over to the connection, which would send it in pieces of 32 KiB.
type dialer struct {
	net.Dialer
	buffers sync.Pool // of *[bodyBuffer]byte
}

func newDialer() *dialer {
	return &dialer{
		Dialer:  net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second},
		buffers: sync.Pool{New: func() any { return new([bodyBuffer]byte) }},
	}
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &bulkConn{Conn: c, buffers: &d.buffers}, nil
}

// bulkConn is a connection that sends in large pieces.
type bulkConn struct {
	net.Conn
	buffers *sync.Pool
}

var _ io.ReaderFrom = (*bulkConn)(nil)

// ReadFrom implements [io.ReaderFrom].
func (c *bulkConn) ReadFrom(r io.Reader) (int64, error) {
	buf := c.buffers.Get().(*[bodyBuffer]byte)
	defer c.buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{c.Conn}, r, buf[:])
}
