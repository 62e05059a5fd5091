package ftp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"filegate/core/frontend"
	"filegate/frontends/frontendtest"
)

// dialFrom connects from an address of this machine.
func dialFrom(t *testing.T, from, to string) net.Conn {
	t.Helper()
	nc, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(30 * time.Second))
	return nc
}

// TestPassivePortsAreWhereTheClientIs has passive ports listen on the address that the client has
// connected to, and on no other.
func TestPassivePortsAreWhereTheClientIs(t *testing.T) {
	r := loginRaw(t, start(t, memory()).Addr)
	last := r.cmd("EPSV", "229")
	var port int
	if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], "(|||%d|)", &port); err != nil {
		t.Fatal(err)
	}
	if nc, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.2:%d", port)); err == nil {
		nc.Close()
		t.Error("the port is open on another address of the machine")
	}
	nc := dialFrom(t, "127.0.0.1", fmt.Sprintf("127.0.0.1:%d", port))
	r.cmd("STOR file", "150")
	io.WriteString(nc, "content")
	nc.Close()
	r.want("226")
}

// TestProxiedData has a proxy in front that tells for whom it has opened control and data
// connections.
func TestProxiedData(t *testing.T) {
	cfg := config()
	cfg.Proxy = frontend.ProxyProtocol{From: []string{"127.0.0.9"}}
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	control := dialFrom(t, "127.0.0.9", srv.Addr)
	io.WriteString(control, "PROXY TCP4 192.0.2.1 198.51.100.1 4711 21\r\n")
	r := &raw{t: t, net: control, in: bufio.NewReader(control)}
	r.want("220")
	r.login()
	if remote := srv.Sessions()[0].Remote().String(); remote != "192.0.2.1:4711" {
		t.Errorf("the session is of %s", remote)
	}
	last := r.cmd("PASV", "227")
	var high, low int
	if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], "(198,51,100,1,%d,%d)", &high, &low); err != nil {
		t.Fatalf("the client is told %q, want the address that it has connected to: %v", last, err)
	}
	port := fmt.Sprintf("127.0.0.1:%d", high*256+low)
	other := dialFrom(t, "127.0.0.9", port)
	io.WriteString(other, "PROXY TCP4 192.0.2.2 198.51.100.1 4712 21\r\nfrom a neighbour behind the same proxy")
	direct := dialFrom(t, "127.0.0.1", port)
	own := dialFrom(t, "127.0.0.9", port)
	io.WriteString(own, "PROXY TCP4 192.0.2.1 198.51.100.1 4713 21\r\ncontent")
	own.Close()
	r.cmd("STOR file", "150")
	r.want("226")
	if _, err := io.ReadAll(other); timedOut(err) {
		t.Errorf("a neighbour's data connection is not closed: %v", err)
	}
	if _, err := io.ReadAll(direct); timedOut(err) {
		t.Errorf("a stranger's data connection is not closed: %v", err)
	}
	r.cmd("SIZE file", "213 7")
}

// timedOut reports whether an error is that of a deadline.
func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}
