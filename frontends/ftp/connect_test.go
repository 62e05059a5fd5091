package ftp_test

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"filegate/frontends/frontendtest"
)

// TestConnect refuses a client that the gateway does not want, and says when one has logged in or
// has gone.
func TestConnect(t *testing.T) {
	var through atomic.Int32
	var refuse atomic.Bool
	srv := frontendtest.Start(t, config(), frontendtest.Options{FS: memory(), Connect: func(addr netip.Addr) (func(), error) {
		if addr.String() != "127.0.0.1" {
			t.Errorf("the client's address is %s", addr)
		}
		if refuse.Load() {
			return nil, errors.New("not today")
		}
		return sync.OnceFunc(func() { through.Add(1) }), nil
	}})
	loginRaw(t, srv.Addr)
	if n := through.Load(); n != 1 {
		t.Errorf("%d clients are through, want the one that has logged in", n)
	}
	dialRaw(t, srv.Addr).net.Close()
	waitFor(t, "the one that has gone is through", func() bool { return through.Load() == 2 })
	refuse.Store(true)
	nc, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if line, _ := bufio.NewReader(nc).ReadString('\n'); !strings.HasPrefix(line, "421 Too many connections") {
		t.Errorf("a client that is not wanted reads %q", line)
	}
}

// TestMaxStartups has as many clients as may be about to log in: one more is refused, and those
// that have logged in do not count.
func TestMaxStartups(t *testing.T) {
	cfg := config()
	cfg.MaxStartups = 2
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()})
	loginRaw(t, srv.Addr)
	first := dialRaw(t, srv.Addr)
	dialRaw(t, srv.Addr)
	greeting := func() string {
		nc, err := net.Dial("tcp", srv.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		line, _ := bufio.NewReader(nc).ReadString('\n')
		return line
	}
	if line := greeting(); !strings.HasPrefix(line, "421 Too many connections") {
		t.Errorf("one client too many reads %q", line)
	}
	first.net.Close()
	waitFor(t, "there is room again", func() bool { return strings.HasPrefix(greeting(), "220") })
}
