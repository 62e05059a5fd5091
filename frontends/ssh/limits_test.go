package ssh_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// connect opens a connection and reads the server's first line.
func connect(t *testing.T, srv *frontendtest.Server) (net.Conn, string) {
	t.Helper()
	c, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatalf("the first line: %v", err)
	}
	return c, strings.TrimSpace(line)
}

// refused returns what a client reads that is not served.
func refused(t *testing.T, srv *frontendtest.Server) string {
	t.Helper()
	c, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _, _, err = gossh.NewClientConn(c, "", &gossh.ClientConfig{HostKeyCallback: gossh.InsecureIgnoreHostKey()})
	if err == nil {
		t.Fatal("the client is served")
	}
	return err.Error()
}

const identification = "SSH-2.0-filegate"

func TestMaxStartups(t *testing.T) {
	cfg := config(t)
	cfg.MaxStartups = 2
	srv := start(t, cfg)
	in := dial(t, srv) // one that is logged in does not count, from when it is served
	runs := func() {
		t.Helper()
		if err := newSession(t, in).Run("echo"); err == nil {
			t.Error("echo leaves with its status")
		}
	}
	runs()
	first, line := connect(t, srv)
	if line != identification {
		t.Fatalf("the server begins with %q", line)
	}
	connect(t, srv)
	if text := refused(t, srv); !strings.Contains(text, "Too many connections") {
		t.Errorf("one client too many reads %q", text)
	}
	first.Close()
	frontendtest.Eventually(t, "there is room again", func() bool { return !strings.Contains(refused(t, srv), "Too many") })
	runs()
}

func TestMaxConnections(t *testing.T) {
	cfg := config(t)
	cfg.MaxConnections = 1
	srv := start(t, cfg)
	c := dial(t, srv)
	if text := refused(t, srv); !strings.Contains(text, "Too many connections") {
		t.Errorf("one client too many reads %q", text)
	}
	c.Close()
	c.Wait()
	frontendtest.Eventually(t, "there is room again", func() bool { return !strings.Contains(refused(t, srv), "Too many") })
}

func TestLoginTimeout(t *testing.T) {
	cfg := config(t)
	cfg.LoginTimeout = time.Second
	srv := start(t, cfg)
	c, _ := connect(t, srv)
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("a client that does not log in is not hung up on: %v", err)
	}
}

// The end of a client that is about to log in ends the question whether it may.
func TestClientLeavesDuringLogin(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan struct{})
	srv := frontendtest.Start(t, config(t), frontendtest.Options{Login: func(ctx context.Context, _ auth.Request) (auth.Response, error) {
		close(asked)
		<-ctx.Done()
		close(ended)
		return auth.Response{}, auth.ErrUnavailable
	}})
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { handshake(conn) })
	<-asked
	conn.Close()
	<-ended
}

func handshake(conn net.Conn) (*gossh.Client, error) {
	c, channels, requests, err := gossh.NewClientConn(conn, "", &gossh.ClientConfig{
		User: frontendtest.User, Auth: []gossh.AuthMethod{gossh.Password(frontendtest.Password)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		return nil, err
	}
	return gossh.NewClient(c, channels, requests), nil
}

// A client that does not answer is taken for dead.
func TestSilentClient(t *testing.T) {
	cfg := config(t)
	cfg.Keepalive = time.Second
	srv := start(t, cfg)
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	mute := &muteConn{Conn: conn}
	c, err := handshake(mute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Close()
	running(t, c)
	mute.muted.Store(true)
	sess := srv.Sessions()[0]
	<-sess.Context().Done()
	if cause := context.Cause(sess.Context()); !strings.Contains(cause.Error(), "does not answer") {
		t.Errorf("the session ended because %v", cause)
	}
}

// muteConn is a connection that can stop sending.
type muteConn struct {
	net.Conn
	muted atomic.Bool
}

func (c *muteConn) Write(p []byte) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// TestConnect refuses a client that the gateway does not want, and says when one has logged in or
// has gone.
func TestConnect(t *testing.T) {
	var through atomic.Int32
	refuse := atomic.Bool{}
	srv := frontendtest.Start(t, config(t), frontendtest.Options{FS: memfs.New(), Connect: func(addr netip.Addr) (func(), error) {
		if addr.String() != "127.0.0.1" {
			t.Errorf("the client's address is %s", addr)
		}
		if refuse.Load() {
			return nil, errors.New("not today")
		}
		return sync.OnceFunc(func() { through.Add(1) }), nil
	}})
	c := dial(t, srv)
	if err := newSession(t, c).Run("echo"); err == nil { // it is served
		t.Error("echo leaves with its status")
	}
	if n := through.Load(); n != 1 {
		t.Errorf("%d clients are through, want the one that has logged in", n)
	}
	pending, _ := connect(t, srv)
	pending.Close()
	frontendtest.Eventually(t, "the one that has gone is through", func() bool { return through.Load() == 2 })
	refuse.Store(true)
	if text := refused(t, srv); !strings.Contains(text, "Too many connections") {
		t.Errorf("a client that is not wanted reads %q", text)
	}
}

// running opens a channel with a program on it that waits for input.
func running(t *testing.T, c *gossh.Client) io.WriteCloser {
	t.Helper()
	s := newSession(t, c)
	in, err := s.StdinPipe()
	if err == nil {
		err = s.Start("echo")
	}
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// A client that does not know what to answer when it is asked whether it is alive, and one that
// answers nothing, live on as long as they send something.
func TestUnansweredKeepalive(t *testing.T) {
	cfg := config(t)
	cfg.Keepalive = time.Second
	srv := start(t, cfg)
	conn, err := net.Dial("tcp", srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	// A client of which the requests of the server are never answered: nobody reads them.
	sc, channels, _, err := gossh.NewClientConn(conn, "", &gossh.ClientConfig{
		User: frontendtest.User, Auth: []gossh.AuthMethod{gossh.Password(frontendtest.Password)}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sc.Wait()
	defer sc.Close()
	go func() {
		for ch := range channels {
			ch.Reject(gossh.Prohibited, "")
		}
	}()
	ch, requests, err := sc.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.SendRequest("exec", true, gossh.Marshal(struct{ Command string }{"echo"})); err != nil {
		t.Fatal(err)
	}
	asked := <-requests // and not answered
	if asked.Type != "keepalive@openssh.com" || !asked.WantReply {
		t.Errorf("the client is asked %q, want a question on its channel", asked.Type)
	}
	sess := srv.Sessions()[0]
	for range 16 { // four seconds, which is more than it may be silent for
		select {
		case <-sess.Context().Done():
			t.Fatalf("a client that sends all the time is hung up on: %v", context.Cause(sess.Context()))
		case <-time.After(250 * time.Millisecond):
		}
		if _, err := ch.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	<-sess.Context().Done() // now it is silent
	if cause := context.Cause(sess.Context()); !strings.Contains(cause.Error(), "does not answer") {
		t.Errorf("the session ended because %v", cause)
	}
}

// A client that does nothing is hung up on, with a channel and without, and one that does something
// is not.
func TestIdleTimeout(t *testing.T) {
	cfg := config(t)
	cfg.IdleTimeout = time.Second
	srv := start(t, cfg)
	dial(t, srv)
	bare := srv.Sessions()[0]
	idle := dial(t, srv)
	running(t, idle)
	quiet := srv.Sessions()[1]
	busy := dial(t, srv)
	in := running(t, busy)
	working := srv.Sessions()[2]
	for bare.Context().Err() == nil || quiet.Context().Err() == nil {
		if _, err := in.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-working.Context().Done():
			t.Fatalf("a client that works is hung up on: %v", context.Cause(working.Context()))
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, sess := range srv.Sessions()[:2] {
		if cause := context.Cause(sess.Context()); !strings.Contains(cause.Error(), "idle for too long") {
			t.Errorf("the session ended because %v", cause)
		}
	}
}

// A stranger who sends without end before the login is hung up on.
func TestTooMuchBeforeLogin(t *testing.T) {
	c, _ := connect(t, start(t, config(t)))
	c.Write([]byte("SSH-2.0-test\r\n"))
	packet := make([]byte, 4+8)
	packet[3], packet[4], packet[5] = 8, 6, 2 // SSH_MSG_IGNORE without content
	sent, err := 0, error(nil)
	for err == nil && sent < 64<<20 {
		var n int
		n, err = c.Write(packet)
		sent += n
	}
	if err == nil {
		t.Errorf("%d bytes were taken before the login", sent)
	}
}

// TestEndings is how connections end without a login.
func TestEndings(t *testing.T) {
	cfg := config(t)
	cfg.LoginTimeout = time.Second
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: memfs.New(), Methods: []auth.Method{auth.Password, auth.PublicKey}})
	for _, tt := range []struct {
		name string
		do   func(c net.Conn)
		want frontend.Ending
	}{
		{"no word", func(net.Conn) {}, frontend.EndedNoLogin},
		{"another protocol", func(c net.Conn) { io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); io.Copy(io.Discard, c) }, frontend.EndedHandshake},
		{"no common algorithm", func(c net.Conn) {
			gossh.NewClientConn(c, "", &gossh.ClientConfig{
				Config: gossh.Config{KeyExchanges: []string{gossh.InsecureKeyExchangeDH14SHA1}}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
			})
		}, frontend.EndedHandshake},
		{"silence", func(c net.Conn) { io.Copy(io.Discard, c) }, frontend.EndedTimeout},
		{"keys", func(c net.Conn) {
			gossh.NewClientConn(c, "", &gossh.ClientConfig{
				User: "bob", Auth: []gossh.AuthMethod{gossh.PublicKeys(signer(t), signer(t))}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
			})
		}, frontend.EndedProbing},
		{"a wrong password", func(c net.Conn) {
			gossh.NewClientConn(c, "", &gossh.ClientConfig{
				User: "bob", Auth: []gossh.AuthMethod{gossh.Password("x")}, HostKeyCallback: gossh.InsecureIgnoreHostKey(),
			})
		}, frontend.EndedFine},
	} {
		before := len(srv.Endings())
		c, err := net.Dial("tcp", srv.Addr)
		if err != nil {
			t.Fatal(err)
		}
		tt.do(c)
		c.Close()
		frontendtest.Eventually(t, "the connection has ended", func() bool { return len(srv.Endings()) > before })
		if got := srv.Endings()[before]; got != tt.want {
			t.Errorf("%s: ended as %v, want %v", tt.name, got, tt.want)
		}
	}
}
