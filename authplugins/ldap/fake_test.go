package ldap_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// The operations of LDAP, as the tags of their requests and answers.
const (
	bindRequest     = 0x60
	bindResponse    = 0x61
	searchRequest   = 0x63
	searchEntry     = 0x64
	searchDone      = 0x65
	searchReference = 0x73
	extendedRequest = 0x77
	extendedAnswer  = 0x78
)

// message is a request that a fake server has received.
type message struct {
	id   []byte // the element
	op   byte
	body []byte
	conn net.Conn
}

// fake is a server whose answers the test provides.
type fake struct {
	url string

	mu  sync.Mutex
	got []message
}

// newFake starts a server. answer returns the answer to a request; nil ends the connection.
func newFake(t *testing.T, answer func(message) []byte) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{url: "ldap://" + l.Addr().String()}
	var wg sync.WaitGroup
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		f.mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			conns = append(conns, c)
			f.mu.Unlock()
			wg.Go(func() { f.serve(c, answer) })
		}
	})
	return f
}

func (f *fake) serve(c net.Conn, answer func(message) []byte) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		_, content, err := readElement(r)
		if err != nil {
			return
		}
		in := bufio.NewReader(bytes.NewReader(content))
		_, id, err := readElement(in)
		if err != nil {
			return
		}
		op, body, err := readElement(in)
		if err != nil {
			return
		}
		m := message{id: element(0x02, id), op: op, body: body, conn: c}
		f.mu.Lock()
		f.got = append(f.got, m)
		f.mu.Unlock()
		text := answer(m)
		if text == nil {
			return
		}
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

// requests returns the number of requests of a kind that the server has received.
func (f *fake) requests(op byte) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, m := range f.got {
		if m.op == op {
			n++
		}
	}
	return n
}

// readElement reads a BER element.
func readElement(r *bufio.Reader) (tag byte, content []byte, err error) {
	if tag, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	first, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n := int(first)
	if first >= 0x80 {
		n = 0
		for range first & 0x7f {
			b, err := r.ReadByte()
			if err != nil {
				return 0, nil, err
			}
			n = n<<8 | int(b)
		}
	}
	content = make([]byte, n)
	_, err = io.ReadFull(r, content)
	return tag, content, err
}

// element writes a BER element.
func element(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	n := len(content)
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
}

func text(s string) []byte { return element(0x04, []byte(s)) }

// result returns an answer with a result code.
func (m message) result(op, code byte) []byte {
	return element(0x30, m.id, element(op, element(0x0a, []byte{code}), text(""), text("because")))
}

// entry returns an answer to a search, with one value of uid.
func (m message) entry(dn, uid string) []byte {
	return element(0x30, m.id, element(searchEntry, text(dn), element(0x30, element(0x30, text("uid"), element(0x31, text(uid))))))
}

// good answers like a directory that accepts every password.
func good(m message) []byte {
	switch m.op {
	case bindRequest:
		return m.result(bindResponse, 0)
	case searchRequest:
		return append(m.entry("uid=alice,dc=example", "alice"), m.result(searchDone, 0)...)
	}
	return nil
}
