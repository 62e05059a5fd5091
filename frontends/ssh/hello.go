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
	// once. The others get the full offer after that time.
	helloWait = time.Second
	// maxIdentification is the longest line of the version exchange, and maxKexInit is the longest
	// packet (RFC 4253, sections 4.2 and 6.1).
	maxIdentification = 255
	maxKexInit        = 35000
	msgKexInit        = 20
)

var (
	errNoHello = errors.New("not an SSH client's first packet")
	// errNotSSH is the error for a client that does not begin with an SSH identification.
	errNotSSH = errors.New("the client does not speak SSH")
)

// hello sends the server's identification and reads the client's first packet, which lists the
// client's ciphers. It returns the ciphers, or none if the packet does not come in time. It also
// returns a connection for the library, on which the bytes can be read again, and on which the
// identification is not sent a second time. The caller must set the read deadline again. The error
// is errNotSSH or nil.
func hello(c net.Conn, identification string) (net.Conn, []string, error) {
	line := []byte(identification + "\r\n")
	if _, err := c.Write(line); err != nil {
		return c, nil, nil // the library will get the same error
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

// replay is a connection whose first bytes in each direction have already passed.
type replay struct {
	net.Conn
	in   io.Reader
	skip []byte // bytes to swallow, because they were already sent
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

// parseKexInit parses the payload after the type: a cookie, then lists of names. The third and
// fourth lists are the ciphers for the two directions. If they differ, it returns the ciphers that
// are in both.
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
