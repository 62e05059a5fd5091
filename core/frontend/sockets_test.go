package frontend_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"filegate/core/frontend"
)

// TestSuccession has a second server take over one of two sockets of a first one, while clients
// connect without a pause: none is refused, and none is lost.
func TestSuccession(t *testing.T) {
	first, second := listeners(t), listeners(t)
	if err := first.Listen(t.Context(), []string{"127.0.0.1:0", "localhost:0"}); err != nil {
		t.Fatal(err)
	}
	kept, dropped := first.Addrs()[0].String(), first.Addrs()[1].String()
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			c.Write([]byte(text))
			c.Close()
		}
	}
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() {
		if err := first.Serve(answer("1")); err != nil {
			t.Errorf("the first one: %v", err)
		}
	})
	come := func() string {
		c, err := net.Dial("tcp", kept)
		if err != nil {
			t.Errorf("a client is refused: %v", err)
			return ""
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		got := make([]byte, 1)
		if _, err := c.Read(got); err != nil {
			t.Errorf("a client is not served: %v", err)
		}
		return string(got)
	}
	stop, begun := make(chan struct{}), make(chan struct{})
	var clients sync.WaitGroup
	clients.Go(func() {
		for i := 0; ; i++ {
			come()
			if i == 5 {
				close(begun)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	<-begun
	offered := first.Offer()
	if err := second.ListenAfter(t.Context(), []string{kept}, offered); err != nil {
		t.Fatal(err)
	}
	first.Retire(offered)
	serving.Go(func() {
		if err := second.Serve(answer("2")); err != nil {
			t.Errorf("the second one: %v", err)
		}
	})
	defer second.Close()
	if got := come(); got != "2" {
		t.Errorf("a client is served by %q, want the second one", got)
	}
	close(stop)
	clients.Wait()
	if _, err := net.Dial("tcp", dropped); err == nil {
		t.Error("a socket is open that nobody has taken over")
	}
	if len(first.Addrs()) != 0 {
		t.Errorf("the first one listens at %v still", first.Addrs())
	}
}

// TestSuccessionFails leaves the first server as it is when the second one cannot open all of its
// sockets.
func TestSuccessionFails(t *testing.T) {
	first, second := listeners(t), listeners(t)
	if err := first.Listen(t.Context(), []string{"127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	at := first.Addrs()[0].String()
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends at once
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	offered := first.Offer()
	if err := second.ListenAfter(t.Context(), []string{at, taken.Addr().String()}, offered); err == nil {
		t.Fatal("an address that is taken is no error")
	}
	if err := second.ListenAfter(t.Context(), []string{at}, offered); err != nil {
		t.Errorf("what was taken over and given back cannot be taken over again: %v", err)
	}
	second.GiveBack(offered)
	served := make(chan error)
	go func() { served <- first.Serve(func(c net.Conn) { c.Close() }) }()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatalf("the first server is not there any more: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	c.Read(make([]byte, 1)) // which ends when it is served
	c.Close()
	first.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestSocketsOf(t *testing.T) {
	l, err := net.Listen("tcp", ":0") //nolint:noctx // it ends at once
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for addr, want := range map[string]bool{":" + port: true, "127.0.0.1:" + port: false, ":0": false, "[::]:" + port: true, "x": false} {
		s := new(frontend.Sockets)
		s.Add("inherited", l)
		other := listeners(t)
		err := other.ListenAfter(t.Context(), []string{addr}, s)
		if got := err == nil && other.Addrs()[0].String() == l.Addr().String(); got != want {
			t.Errorf("%s is the socket at %s: %t, want %t", addr, l.Addr(), got, want)
		}
		other.GiveBack(s)
	}
}
