package ftp

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"strings"
	"time"
)

var (
	errAuthFirst = &reply{code: 503, text: "Send AUTH TLS first."}
	errNoTLS     = &reply{code: 502, text: "TLS is not available on this server."}
	errClearText = &reply{code: 421, text: "Data after this command and before its reply is not allowed."}
)

// secure turns TLS on. The handshake is made by the next Read or Write.
func (c *control) secure() {
	c.stream = tls.Server(&recordConn{Conn: c.Conn}, c.tlsConfig)
	c.in.Reset(c.stream)
	c.secured, c.cleared = true, false
}

// auth executes AUTH (RFC 4217, section 4). Commands that were sent in clear text after it are
// discarded.
func (c *control) auth(mechanism string) error {
	switch {
	case c.tlsConfig == nil:
		return c.answer(errNoTLS)
	case c.secured:
		return c.answer(&reply{code: 503, text: "TLS is already active."})
	case c.loggedIn:
		return c.answer(&reply{code: 503, text: "Send AUTH before USER."})
	}
	switch strings.ToUpper(strings.TrimSpace(mechanism)) {
	case "TLS", "TLS-C", "SSL":
	case "":
		return c.answer(&reply{code: 501, text: "Usage: AUTH TLS."})
	default:
		return c.answer(&reply{code: 504, text: "Only AUTH TLS is supported."})
	}
	if c.in.Buffered() > 0 {
		c.finish(errClearText)
		return nil
	}
	if err := c.answer(&reply{code: 234, text: "Start the TLS handshake."}); err != nil {
		return err
	}
	c.named = false
	c.secure()
	return nil
}

// ccc executes CCC, which ends TLS on the control connection (RFC 4217, section 12.3), so that
// firewalls can read it. PROT still applies to data connections.
func (c *control) ccc() error {
	switch {
	case !c.secured:
		return c.answer(&reply{code: 533, text: "The connection is not encrypted."})
	case !c.clears:
		return c.answer(&reply{code: 534, text: "The connection must stay encrypted."})
	case !c.loggedIn:
		return c.answer(errNotLoggedIn)
	case c.in.Buffered() > 0:
		c.finish(errClearText)
		return nil
	}
	if err := c.answer(&reply{code: 200, text: "Continuing without TLS."}); err != nil {
		return err
	}
	c.cleared = true
	return c.endTLS()
}

// endTLS sends close_notify and continues in clear text. No transfer may be running.
func (c *control) endTLS() error {
	tc, ok := c.stream.(*tls.Conn)
	if !ok {
		return nil
	}
	c.Conn.SetWriteDeadline(time.Now().Add(replyTimeout))
	if err := tc.CloseWrite(); err != nil {
		return err
	}
	c.stream = c.Conn
	c.in.Reset(c.Conn)
	c.secured, c.afterTLS = false, true
	return nil
}

// The range of TLS record types (RFC 8446, section 5.1). No command begins with such a byte.
const (
	firstRecord = 20
	lastRecord  = 23
)

// passOverTLS skips the records that the client still sends after TLS has ended on this side: its
// close_notify, if it sends one.
func (c *control) passOverTLS() error {
	for {
		first, err := c.in.Peek(1)
		if err != nil {
			return err
		}
		if first[0] < firstRecord || first[0] > lastRecord {
			c.afterTLS = false
			return nil
		}
		header, err := c.in.Peek(recordHeader)
		if err != nil {
			return err
		}
		if _, err := c.in.Discard(recordHeader + int(binary.BigEndian.Uint16(header[3:]))); err != nil {
			return err
		}
	}
}

// recordHeader is the size of a TLS record header, in bytes. The header ends with the size of the
// record.
const recordHeader = 5

// recordConn is a connection below TLS. Its Read never reads beyond the end of a record, because
// what follows close_notify is clear text.
type recordConn struct {
	net.Conn
	header [recordHeader]byte
	got    int // bytes of the header that were read
	left   int // bytes of the record that are left
}

func (c *recordConn) Read(p []byte) (int, error) {
	if c.left > 0 {
		n, err := c.Conn.Read(p[:min(len(p), c.left)])
		c.left -= n
		return n, err
	}
	n, err := c.Conn.Read(p[:min(len(p), recordHeader-c.got)])
	copy(c.header[c.got:], p[:n])
	if c.got += n; c.got == recordHeader {
		c.left, c.got = int(binary.BigEndian.Uint16(c.header[3:])), 0
	}
	return n, err
}
