package ftp_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"filegate/frontends/frontendtest"
)

// raw is a control connection of which each byte is the test's.
type raw struct {
	t   *testing.T
	net net.Conn
	in  *bufio.Reader
}

// dialRaw connects and reads the greeting.
func dialRaw(t *testing.T, addr string) *raw {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	r := &raw{t: t, net: nc, in: bufio.NewReader(nc)}
	r.want("220")
	return r
}

// loginRaw connects and logs in.
func loginRaw(t *testing.T, addr string) *raw {
	t.Helper()
	r := dialRaw(t, addr)
	r.login()
	return r
}

func (r *raw) login() {
	r.t.Helper()
	r.cmd("USER "+frontendtest.User, "331")
	r.cmd("PASS "+frontendtest.Password, "230")
}

func (r *raw) send(s string) {
	r.t.Helper()
	if _, err := io.WriteString(r.net, s); err != nil {
		r.t.Fatalf("sending %q: %v", s, err)
	}
}

// reply returns the lines of the next reply.
func (r *raw) reply() []string {
	r.t.Helper()
	var lines []string
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			r.t.Fatalf("reading a reply behind %q: %v", lines, err)
		}
		line = strings.TrimSuffix(line, "\r\n")
		lines = append(lines, line)
		if len(line) >= 4 && line[3] == ' ' && line[:3] == lines[0][:3] {
			return lines
		}
	}
}

// want reads a reply that begins with prefix, and returns its last line.
func (r *raw) want(prefix string) string {
	r.t.Helper()
	lines := r.reply()
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, prefix) {
		r.t.Errorf("reply %q, want %q", lines, prefix)
	}
	return last
}

func (r *raw) cmd(line, prefix string) string {
	r.t.Helper()
	r.send(line + "\r\n")
	last := r.want(prefix)
	if r.t.Failed() {
		r.t.Logf("the command was %q", line)
	}
	return last
}

// ended waits for the end of the connection.
func (r *raw) ended() {
	r.t.Helper()
	if rest, err := io.ReadAll(r.in); err != nil || len(rest) > 0 {
		r.t.Errorf("read %q, %v; want the end of the connection", rest, err)
	}
}

// secure goes on with TLS.
func (r *raw) secure(config *tls.Config) {
	r.t.Helper()
	r.cmd("AUTH TLS", "234")
	tc := tls.Client(r.net, config)
	if err := tc.Handshake(); err != nil {
		r.t.Fatal(err)
	}
	r.net = tc
	r.in.Reset(tc)
}

// data opens a data connection.
func (r *raw) data() net.Conn {
	r.t.Helper()
	var port int
	last := r.cmd("EPSV", "229")
	if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], "(|||%d|)", &port); err != nil {
		r.t.Fatalf("%q: %v", last, err)
	}
	host, _, _ := net.SplitHostPort(r.net.RemoteAddr().String())
	nc, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return nc
}

// fetch is what a command sends on a data connection.
func (r *raw) fetch(line string) string {
	r.t.Helper()
	nc := r.data()
	r.cmd(line, "150")
	data, err := io.ReadAll(nc)
	if err != nil {
		r.t.Error(err)
	}
	r.want("226")
	return string(data)
}

// store sends what a command wants, and returns the answer.
func (r *raw) store(line, data string) string {
	r.t.Helper()
	nc := r.data()
	r.cmd(line, "150")
	if _, err := io.WriteString(nc, data); err != nil {
		r.t.Error(err)
	}
	nc.Close()
	return r.want("")
}
