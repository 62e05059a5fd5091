package ssh

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

const (
	// helloWait is how long to wait for the client's first packet. Nearly all clients send it at
	// once; the others get the full offer, later.
	helloWait = time.Second
	// maxIdentification is the longest line of the version exchange, and maxKexInit the longest
	// packet, by RFC 4253, sections 4.2 and 6.1.
	maxIdentification = 255
	maxKexInit        = 35000
	msgKexInit        = 20
)

var (
	errNoHello = errors.New("not an SSH client's first packet")
	// errNotSSH is about a client that does not begin with an identification of SSH.
	errNotSSH = errors.New("the client does not speak SSH")
)

// hello sends the server's identification and looks at the client's first packet, which lists the
// ciphers that it has. It returns them, or none where the client does not say, and a connection
// that reads as if nothing had been read, and on which the library can send its identification as
// if it had not been sent. The read deadline is then hello's: the caller sets it anew. The error is
// errNotSSH, or nil.
func hello(c net.Conn, identification string) (net.Conn, []string, error) {
	line := []byte(identification + "\r\n")
	if _, err := c.Write(line); err != nil {
		return c, nil, nil // the library meets the same error
	}
	var seen bytes.Buffer
	c.SetReadDeadline(time.Now().Add(helloWait))
	ciphers, err := readHello(bufio.NewReader(io.TeeReader(c, &seen)))
	switch {
	case errors.Is(err, errNotSSH):
		return c, nil, err
	case err != nil:
		ciphers = nil
	}
	return &replay{Conn: c, in: io.MultiReader(&seen, c), skip: line}, ciphers, nil
}

// replay is a connection of which the first bytes in each direction have passed already.
type replay struct {
	net.Conn
	in   io.Reader
	skip []byte // what is not sent again
}

func (r *replay) Read(p []byte) (int, error) { return r.in.Read(p) }

func (r *replay) Write(p []byte) (int, error) {
	if len(r.skip) == 0 {
		return r.Conn.Write(p)
	}
	if !bytes.HasPrefix(p, r.skip) {
		return 0, errors.New("the identification was not sent first, or not as announced")
	}
	n := len(r.skip)
	r.skip = nil
	if len(p) == n {
		return n, nil
	}
	m, err := r.Conn.Write(p[n:])
	return n + m, err
}

// readHello reads the client's identification and its SSH_MSG_KEXINIT (RFC 4253, section 7.1), and
// returns the ciphers for both directions.
func readHello(r *bufio.Reader) ([]string, error) {
	const begin = "SSH-"
	for n := 0; ; n++ {
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		if n < len(begin) && b != begin[n] {
			return nil, errNotSSH
		}
		if b == '\n' {
			break
		}
		if n == maxIdentification {
			return nil, errNoHello
		}
	}
	var head [6]byte // length of the packet, length of the padding, type
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length, padding := binary.BigEndian.Uint32(head[:]), uint32(head[4])
	if length > maxKexInit || length < 2+padding || head[5] != msgKexInit {
		return nil, errNoHello
	}
	payload := make([]byte, length-2)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, err
	}
	return parseKexInit(payload[:len(payload)-int(padding)])
}

// parseKexInit takes the payload behind the type: a cookie, then lists of names, of which the third
// and the fourth are the ciphers to and from the server. Where these differ it returns what is in
// both.
func parseKexInit(p []byte) ([]string, error) {
	const cookie = 16
	if len(p) < cookie {
		return nil, errNoHello
	}
	p = p[cookie:]
	var lists [4][]string
	for i := range lists {
		if len(p) < 4 {
			return nil, errNoHello
		}
		n := binary.BigEndian.Uint32(p)
		p = p[4:]
		if uint64(n) > uint64(len(p)) {
			return nil, errNoHello
		}
		lists[i] = strings.Split(string(p[:n]), ",")
		p = p[n:]
	}
	return intersect(lists[2], lists[3]), nil
}

func intersect(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, s := range b {
		in[s] = true
	}
	var both []string
	for _, s := range a {
		if in[s] {
			both = append(both, s)
		}
	}
	return both
}
