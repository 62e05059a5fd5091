package redis

import (
	"bytes"
	"errors"
	"net"
	"strconv"

	"filegate/core/cache/remote"
)

// conn checks the answers of a server before the library reads them: the library allocates any
// length that a server announces. It knows version 2 of the protocol only, which is what the
// library asks for. A Write after a Read begins a new request.
type conn struct {
	net.Conn
	stale   func() bool // reports whether the server has failed since the connection was made
	reading bool
	begun   bool

	total    int64  // bytes of the answer so far
	elements int64  // of all arrays in the answer so far
	line     []byte // the beginning of a line that is not complete yet
	skip     int64  // bytes of a value that are still to come
}

const (
	// maxAnswer bounds the answer to one request, in bytes.
	maxAnswer = 64 << 20
	// maxElements bounds the elements of all arrays in an answer. So it bounds their nesting too.
	maxElements = 4096
	// maxLine bounds a line that is not a value, in bytes.
	maxLine = 2048
)

var (
	errAnswer = errors.New("the server's answer makes no sense")
	errStale  = errors.New("the connection is from before a failure of the server")
)

// Write fails with errStale, and sends nothing, if a new request begins on a stale connection.
func (c *conn) Write(p []byte) (int, error) {
	if c.reading || !c.begun {
		if c.stale() {
			return 0, errStale
		}
		c.reading, c.begun = false, true
		c.total, c.elements, c.line, c.skip = 0, 0, c.line[:0], 0
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

// check follows an answer.
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
		if err := c.checkLine(bytes.TrimSuffix(c.line, []byte("\r\n"))); err != nil {
			return err
		}
		c.line = c.line[:0]
	}
	return nil
}

// checkLine checks a line without its end.
func (c *conn) checkLine(line []byte) error {
	if len(line) == 0 {
		return errAnswer
	}
	switch line[0] {
	case '+', '-', ':':
		return nil
	case '$', '*':
	default:
		return errAnswer
	}
	n, err := strconv.ParseInt(string(line[1:]), 10, 64)
	switch {
	case err != nil || n < -1:
		return errAnswer
	case n == -1: // nothing
	case line[0] == '*':
		if n > maxElements || c.elements+n > maxElements {
			return errAnswer
		}
		c.elements += n
	case n > remote.MaxBox:
		return errAnswer
	default:
		c.skip = n + 2
	}
	return nil
}
