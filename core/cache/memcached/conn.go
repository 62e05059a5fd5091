package memcached

import (
	"bytes"
	"errors"
	"net"
	"strconv"
	"time"

	"filegate/core/cache/remote"
)

// conn holds a server to what it was asked: the client believes any length that it reads, and gives
// a server more time with each value that it sends. A request is written in one go, so that a Write
// after a Read begins a new one.
type conn struct {
	net.Conn
	timeout time.Duration
	reading bool
	begun   bool

	total int64  // bytes of the answer so far
	line  []byte // the part of a line that has come
	skip  int64  // bytes of a value that are still to come
}

const (
	// maxAnswer bounds the answer to one request, in bytes.
	maxAnswer = 64 << 20
	// maxLine bounds a line that is no value.
	maxLine = 2048
)

var errAnswer = errors.New("memcached's answer makes no sense")

// SetDeadline does nothing: the deadline of a request is set when it begins.
func (c *conn) SetDeadline(time.Time) error { return nil }

func (c *conn) Write(p []byte) (int, error) {
	if c.reading || !c.begun {
		c.reading, c.begun = false, true
		c.total, c.line, c.skip = 0, c.line[:0], 0
		if err := c.Conn.SetDeadline(time.Now().Add(c.timeout)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

func (c *conn) Read(p []byte) (int, error) {
	c.reading = true
	n, err := c.Conn.Read(p)
	if checkErr := c.check(p[:n]); checkErr != nil {
		return 0, checkErr
	}
	return n, err
}

// check goes along with an answer.
func (c *conn) check(p []byte) error {
	if c.total += int64(len(p)); c.total > maxAnswer {
		return errAnswer
	}
	for len(p) > 0 {
		if c.skip > 0 {
			n := min(c.skip, int64(len(p)))
			c.skip -= n
			p = p[n:]
			continue
		}
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			end = len(p)
		}
		c.line = append(c.line, p[:end]...)
		p = p[end:]
		switch {
		case len(c.line) > maxLine:
			return errAnswer
		case !bytes.HasSuffix(c.line, []byte("\n")):
			return nil
		}
		// VALUE <key> <flags> <bytes> [<cas>]
		if fields := bytes.Fields(c.line); len(fields) >= 4 && string(fields[0]) == "VALUE" {
			size, err := strconv.ParseInt(string(fields[3]), 10, 64)
			if err != nil || size < 0 || size > remote.MaxBox {
				return errAnswer
			}
			c.skip = size + 2
		}
		c.line = c.line[:0]
	}
	return nil
}
