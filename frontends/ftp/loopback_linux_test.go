package ftp_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"filegate/core/testneed"
	"filegate/frontends/frontendtest"
)

// TestLoopbackOfAnotherUser has a client on this machine name a port where a program of another
// user listens.
func TestLoopbackOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		testneed.Missing(t, "only root can open a socket of another user")
	}
	store := memory()
	frontendtest.Write(t, store, "/file", []byte("hello"))
	r := loginRaw(t, start(t, store).Addr)
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
	const nobody = 65534
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0"} {
		l := listenAs(t, nobody, addr)
		r.cmd(fmt.Sprintf("EPRT |1|127.0.0.1|%d|", port(l)), "501")
	}
	// It may also begin to listen after PORT.
	own := listenAs(t, 0, "127.0.0.1:0")
	r.cmd(fmt.Sprintf("EPRT |1|127.0.0.1|%d|", port(own)), "200")
	own.Close()
	listenAs(t, nobody, own.Addr().String())
	r.cmd("RETR file", "425")
}

// listenAs opens a listener that belongs to a user.
func listenAs(t *testing.T, uid int, addr string) net.Listener {
	t.Helper()
	// A socket belongs to the file system user of the thread that makes it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setfsuid(uid); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err := unix.Setfsuid(0); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
