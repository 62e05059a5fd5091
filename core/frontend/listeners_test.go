package frontend_test

import (
	"errors"
	"log/slog"
	"net"
	"testing"

	"filegate/core/frontend"
)

func listeners(t *testing.T) *frontend.Listeners {
	return frontend.NewListeners("ssh public", slog.New(slog.NewTextHandler(t.Output(), nil)))
}

// TestListeners opens two sockets, serves a client at each, and closes them.
func TestListeners(t *testing.T) {
	l := listeners(t)
	if err := l.Listen(t.Context(), []string{"127.0.0.1:0", "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	addrs := l.Addrs()
	if len(addrs) != 2 {
		t.Fatalf("Addrs = %v, want two", addrs)
	}
	came, served := make(chan string, 2), make(chan error)
	go func() {
		served <- l.Serve(func(c net.Conn) {
			came <- c.LocalAddr().String()
			c.Close()
		})
	}()
	for _, a := range addrs {
		c, err := net.Dial("tcp", a.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := <-came; got != a.String() {
			t.Errorf("a client of %v came in at %v", a, got)
		}
	}
	l.Close()
	l.Close()
	if err := <-served; err != nil {
		t.Errorf("Serve after Close = %v, want nil", err)
	}
	if _, err := net.Dial("tcp", addrs[0].String()); err == nil {
		t.Error("a client comes in after Close")
	}
}

// TestListenersAllOrNone has one address of two taken: neither is open afterwards.
func TestListenersAllOrNone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l := listeners(t)
	err = l.Listen(t.Context(), []string{"127.0.0.1:0", taken.Addr().String()})
	if _, ok := errors.AsType[*net.OpError](err); !ok || len(l.Addrs()) != 0 {
		t.Errorf("Listen = %v with %v open, want the system's error and none", err, l.Addrs())
	}
	if err := l.Serve(func(net.Conn) {}); err != nil {
		t.Errorf("Serve of nothing = %v", err)
	}
}
