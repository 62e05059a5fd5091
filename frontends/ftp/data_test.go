package ftp_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"io/fs"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"filegate/core/testneed"
	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// endless is a store with one directory of many entries, which it makes as it is asked.
type endless struct {
	vfs.FS
	entries int
	fails   error // in place of the end
	made    atomic.Int64
}

func (e *endless) List(context.Context, vfs.Path) (vfs.Lister, error) {
	return &endlessLister{endless: e}, nil
}

type endlessLister struct {
	*endless
	at int
}

func (l *endlessLister) Next(context.Context) ([]vfs.Info, error) {
	if l.at == l.entries {
		if l.fails != nil {
			return nil, l.fails
		}
		return nil, io.EOF
	}
	page := make([]vfs.Info, min(1000, l.entries-l.at))
	for i := range page {
		page[i] = vfs.Info{Name: fmt.Sprintf("file %09d%0200d", l.at, 0), Size: 1, Mode: fs.FileMode(0o644)}
		l.at++
	}
	l.made.Add(int64(len(page)))
	return page, nil
}

func (l *endlessLister) Close() error { return nil }

// TestListingIsStreamed lists more than is ever held in memory.
func TestListingIsStreamed(t *testing.T) {
	store := &endless{FS: memory(), entries: 110_000}
	r := loginRaw(t, start(t, store).Addr)
	for _, command := range []string{"LIST"} {
		store.made.Store(0)
		nc := r.data()
		r.cmd(command, "150")
		// The storage is not asked for more than a client reads.
		first := make([]byte, 1)
		if _, err := io.ReadFull(nc, first); err != nil {
			t.Fatal(err)
		}
		r.cmd("NOOP", "200")
		if made := store.made.Load(); made > 90_000 {
			t.Errorf("%s: %d entries were asked for, and a line was read", command, made)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		lines := 0
		buf := make([]byte, 64<<10)
		for {
			n, err := nc.Read(buf)
			lines += strings.Count(string(buf[:n]), "\n")
			if err != nil {
				break
			}
		}
		r.want("226")
		runtime.ReadMemStats(&after)
		if lines != store.entries {
			t.Errorf("%s: %d lines", command, lines)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
			t.Errorf("%s: the memory grew by %d bytes", command, grown)
		}
	}
	r.data()
	r.cmd("LIST -tr", "552 more than 100000 entries cannot be sorted")
	if lines := strings.Count(r.fetch("NLST file 00000000*"), "\n"); lines != 10 {
		t.Errorf("a pattern finds %d entries", lines)
	}
	r.data()
	r.cmd("NLST f*", "552 the pattern matches more than 100000 files")
}

// A listing that breaks off is an error, and never as if it were whole.
func TestListingBreaksOff(t *testing.T) {
	store := &endless{FS: memory(), entries: 25_000, fails: vfs.ErrUnavailable}
	r := loginRaw(t, start(t, store).Addr)
	for _, command := range []string{"LIST", "MLSD", "NLST", "LIST -R"} {
		nc := r.data()
		r.cmd(command, "150")
		io.Copy(io.Discard, nc)
		r.want("451")
	}
	r.send("STAT .\r\n")
	if lines := r.reply(); !strings.Contains(lines[len(lines)-1], "cannot be listed") {
		t.Errorf("STAT ends with %q", lines[len(lines)-1])
	}
}

// TestPublicHosts is that clients of some networks are told another address.
func TestPublicHosts(t *testing.T) {
	for _, tt := range []struct {
		host  string
		hosts map[string]string
		want  string
	}{
		{"192.0.2.1", nil, "192,0,2,1,"},
		{"192.0.2.1", map[string]string{"127.0.0.0/8": ""}, "127,0,0,1,"},
		{"192.0.2.1", map[string]string{"127.0.0.0/8": "192.0.2.2", "127.0.0.0/24": "192.0.2.3", "10.0.0.0/8": "192.0.2.4"}, "192,0,2,3,"},
		{"", map[string]string{"127.0.0.0/8": "localhost"}, "127,0,0,1,"},
	} {
		cfg := config()
		cfg.Passive.PublicHost, cfg.Passive.PublicHosts = tt.host, tt.hosts
		r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
		if got := r.cmd("PASV", "227"); !strings.Contains(got, "("+tt.want) {
			t.Errorf("%q, %v: %q, want %q", tt.host, tt.hosts, got, tt.want)
		}
	}
	cfg := config()
	cfg.Passive.PublicHost = "nowhere.invalid"
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.cmd("PASV", "425")
	r.cmd("EPSV", "229")
}

// TestPassivePortsIPv6 is that the range of ports is for clients by IPv6 too.
func TestPassivePortsIPv6(t *testing.T) {
	cfg := config()
	cfg.Listen = []string{"[::1]:0"}
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		testneed.Missing(t, "there is no IPv6 here")
	} else {
		l.Close()
	}
	cfg.Passive.Ports = "49100-49150"
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	for range 3 {
		nc := r.data()
		if port := nc.RemoteAddr().(*net.TCPAddr).Port; port < 49100 || port > 49150 {
			t.Errorf("the port %d is out of range", port)
		}
		r.cmd("STOR file", "150")
		io.WriteString(nc, "content")
		nc.Close()
		r.want("226")
	}
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r.cmd(fmt.Sprintf("EPRT |2|::1|%d|", l.Addr().(*net.TCPAddr).Port), "200")
	r.cmd("RETR file", "150")
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if got, err := io.ReadAll(nc); string(got) != "content" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	r.want("226")
}

// TestForeignData is a transfer between two servers: data comes from, and goes to, another address
// than the client's.
func TestForeignData(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	command := fmt.Sprintf("PORT 127,0,0,3,%d,%d", port/256, port%256)
	cfg := config()
	cfg.ForeignData = []string{"127.0.0.2/31"}
	r := loginRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)

	last := r.cmd("EPSV", "229")
	var passive int
	if _, err := fmt.Sscanf(last[strings.IndexByte(last, '('):], "(|||%d|)", &passive); err != nil {
		t.Fatal(err)
	}
	dial := func(from string) net.Conn {
		t.Helper()
		nc, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", passive))
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(30 * time.Second))
		return nc
	}
	stranger := dial("127.0.0.4")
	defer stranger.Close()
	nc := dial("127.0.0.2")
	r.cmd("STOR file", "150")
	io.WriteString(nc, "content")
	nc.Close()
	r.want("226")

	r.cmd(fmt.Sprintf("PORT 127,0,0,4,%d,%d", port/256, port%256), "501")
	r.cmd(command, "200")
	r.cmd("RETR file", "150")
	if nc, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(nc); string(got) != "content" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	nc.Close()
	r.want("226")
	loginRaw(t, start(t, memory()).Addr).cmd(command, "501")
}

// TestActiveOverTLS is that active mode has what passive mode has: close_notify is looked for.
func TestActiveOverTLS(t *testing.T) {
	cfg, clientConfig := configTLS(t, "explicit")
	cfg.TLS.CloseNotify = "required"
	r := dialRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: memory()}).Addr)
	r.secure(clientConfig)
	r.login()
	r.cmd("PROT P", "200")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, polite := range []bool{true, false} {
		r.cmd(fmt.Sprintf("EPRT |1|127.0.0.1|%d|", l.Addr().(*net.TCPAddr).Port), "200")
		r.cmd("STOR file", "150")
		tcp, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		nc := tls.Client(tcp, clientConfig)
		io.WriteString(nc, "data")
		if polite {
			nc.Close()
			r.want("226")
		} else {
			tcp.Close()
			r.want("426")
		}
	}
}

// TestKeepalive is that a dead client is noticed, and a silent connection stays known to firewalls.
func TestKeepalive(t *testing.T) {
	srv := start(t, memory())
	r := loginRaw(t, srv.Addr)
	if on := keepalive(t, r.net.RemoteAddr().(*net.TCPAddr).Port); !on {
		t.Error("the control connection has no keepalive")
	}
}

// keepalive reports whether the socket of this process that is connected from a port has keepalive.
func keepalive(t *testing.T, port int) (on bool) {
	t.Helper()
	for fd := range 1024 {
		local, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		in4, ok := local.(*unix.SockaddrInet4)
		if !ok || in4.Port != port {
			continue
		}
		if _, err := unix.Getpeername(fd); err != nil {
			continue // it listens
		}
		value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		if err != nil {
			t.Fatal(err)
		}
		return value != 0
	}
	t.Fatal("the server's end of the connection was not found")
	return false
}
