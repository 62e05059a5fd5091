package frontend

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pires/go-proxyproto"
)

// words is a protocol whose clients are told their address, and then answered until they leave.
type words struct {
	login bool // they are logged in at once

	mu      sync.Mutex
	clients []*wordsClient
}

func (p *words) Client(c *Conn) Client {
	w := &wordsClient{Conn: c, login: p.login}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clients = append(p.clients, w)
	return w
}

func (p *words) Refuse(r *Refusal) []byte { return []byte(r.Text) }

type wordsClient struct {
	*Conn
	login bool
}

func (w *wordsClient) Serve(context.Context) {
	defer w.Close()
	if w.login && !w.LoggedIn() {
		return
	}
	io.WriteString(w, w.RemoteAddr().String()+" "+w.LocalAddr().String()+"\n")
	io.Copy(w, w)
}

func (w *wordsClient) Dismiss() { w.Close() }
func (w *wordsClient) Cut()     { w.Close() }

// calm is the visit of a client of whom nothing is known, or one that is known.
type calm struct {
	known  bool
	ending func(Ending)
}

func (v calm) Known() bool                 { return v.known }
func (v calm) Check(context.Context) error { return nil }
func (v calm) LoggedIn()                   {}
func (v calm) Ended(how Ending) {
	if v.ending != nil {
		v.ending(how)
	}
}

func testEnv(w io.Writer) Env {
	return Env{Log: slog.New(slog.NewTextHandler(w, nil)), Connect: func(netip.Addr) (Visit, error) { return calm{}, nil }}
}

// serve serves clients until the test ends.
func serve(t *testing.T, env Env, cfg ClientsConfig, p Protocol) (s *Clients, addr string) {
	t.Helper()
	if cfg.Listen == nil {
		cfg.Listen = []string{"127.0.0.1:0"}
	}
	cfg.MaxConnections, cfg.MaxStartups = max(cfg.MaxConnections, 1), max(cfg.MaxStartups, 1)
	s = NewClients("words", env, cfg, p)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, s.Addrs()[0].String()
}

// say sends something and reads a line.
func say(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(c, text)
	var line [200]byte
	n, _ := c.Read(line[:])
	return strings.TrimSpace(string(line[:n]))
}

// proxied is the configuration of a server behind a proxy on this machine.
var proxied = &ProxyProtocol{From: []string{"127.0.0.0/8"}}

func TestProxyProtocol(t *testing.T) {
	var v2 bytes.Buffer
	header := proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 4711}, &net.TCPAddr{IP: net.ParseIP("2001:db8::2"), Port: 22})
	if _, err := header.WriteTo(&v2); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, sent, want string
		from             *ProxyProtocol
	}{
		{"version 1", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\n", "192.0.2.1:4711 198.51.100.1:22", proxied},
		{"version 2", v2.String(), "[2001:db8::1]:4711 [2001:db8::2]:22", proxied},
		{"IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 4711 22\r\n", "192.0.2.1:4711 198.51.100.1:22", proxied},
		{"of the proxy itself", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "127.0.0.1:", proxied},
		{"unknown", "PROXY UNKNOWN\r\n", "127.0.0.1:", proxied},
		{"none where there has to be one", "SSH-2.0-OpenSSH_9.2\r\n", "", proxied},
		{"broken", "PROXY TCP4 nobody knows\r\n", "", proxied},
		{"UDP", "\r\n\r\n\x00\r\nQUIT\n\x21\x12\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x00\x16", "", proxied},
		{"from elsewhere, as a lie", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\n", "127.0.0.1:", &ProxyProtocol{From: []string{"192.0.2.0/24"}}},
		{"without a word about proxies", "PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\n", "127.0.0.1:", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, addr := serve(t, testEnv(t.Output()), ClientsConfig{Proxy: tt.from, MaxConnections: 10}, &words{})
			if got := say(t, addr, tt.sent); !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("the client is taken for %q, want %q", got, tt.want)
			}
		})
	}
}

// TestProxyThatIsSilent does not hold up others: the header is waited for beside the accepting of
// connections.
func TestProxyThatIsSilent(t *testing.T) {
	_, addr := serve(t, testEnv(t.Output()), ClientsConfig{Proxy: proxied, MaxConnections: 10}, &words{})
	for range 3 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "PROXY TC")
	}
	if got := say(t, addr, "PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\n"); !strings.HasPrefix(got, "192.0.2.1") {
		t.Errorf("the client is taken for %q", got)
	}
}

// TestProxyHeaderIsAllThatIsRead leaves what comes behind the header to the protocol.
func TestProxyHeaderIsAllThatIsRead(t *testing.T) {
	server, client := net.Pipe()
	defer server.Close()
	go func() {
		io.WriteString(client, "PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\nfirst words")
		client.Close()
	}()
	remote, _, err := readProxyHeader(server)
	rest, _ := io.ReadAll(server)
	if err != nil || remote.String() != "192.0.2.1:4711" || string(rest) != "first words" {
		t.Errorf("read %v, %v, and then %q", remote, err, rest)
	}
}

func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.1 4711 22\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x00\x16"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		server, client := net.Pipe()
		defer server.Close()
		go func() {
			client.Write(sent)
			client.Close()
		}()
		remote, _, err := readProxyHeader(server)
		if err == nil && remote.IsValid() && (remote.Addr().IsUnspecified() || remote.Addr().Is4In6()) {
			t.Errorf("%q names %v", sent, remote)
		}
	})
}

func TestValidateProxy(t *testing.T) {
	for network, ok := range map[string]bool{"10.0.0.0/8": true, "2001:db8::/32": true, "192.0.2.1": true, "": false, "proxy.example.net": false, "10.0.0.0/99": false} {
		reported := false
		(&ProxyProtocol{From: []string{network}}).ValidateProxy(func(attribute, _, _ string) { reported = attribute == "proxy_protocol.from" })
		if reported == ok {
			t.Errorf("%q is reported: %v", network, reported)
		}
	}
}

// arrive is a client of an address that wants to log in.
func arrive(s *Clients, addr string, known bool) bool {
	server, client := net.Pipe()
	client.Close()
	c := s.newConn(server, netip.AddrPortFrom(netip.MustParseAddr(addr), 4711), netip.AddrPort{})
	c.visit = calm{known: known}
	if !s.room(c) {
		return false
	}
	s.open[c] = struct{}{}
	s.startups++
	return true
}

// TestRoomForOthers has one address that takes all places there are: it keeps nobody else out.
func TestRoomForOthers(t *testing.T) {
	s := NewClients("words", testEnv(t.Output()), ClientsConfig{MaxStartups: 100}, &words{})
	refused := 0
	for range 2000 {
		if !arrive(s, "192.0.2.1", false) {
			refused++
		}
	}
	if s.startups > 100 || refused < 1900 {
		t.Fatalf("%d places of 100 are taken, %d clients refused", s.startups, refused)
	}
	for i := range 90 {
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String()
		if !arrive(s, addr, false) {
			t.Fatalf("client %d of another address is refused, with %d places taken", i, s.startups)
		}
	}
	if s.startups > 100 {
		t.Errorf("%d places of 100 are taken", s.startups)
	}
}

// TestRoomForKnown has a hundred addresses with a place each, and no place left: it is made for an
// address that is known.
func TestRoomForKnown(t *testing.T) {
	s := NewClients("words", testEnv(t.Output()), ClientsConfig{MaxStartups: 100}, &words{})
	for i := range 100 {
		if !arrive(s, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), false) {
			t.Fatalf("address %d is refused", i)
		}
	}
	if arrive(s, "192.0.2.1", false) {
		t.Error("room is made for a stranger where each has one place")
	}
	if !arrive(s, "192.0.2.1", true) {
		t.Error("no room is made for a known address")
	}
	if s.startups != 100 {
		t.Errorf("%d places of 100 are taken", s.startups)
	}
}

func TestDropChance(t *testing.T) {
	for _, tt := range []struct {
		n    int
		want float64
	}{{0, 0}, {29, 0}, {30, 0.3}, {100, 1}} {
		if got := dropChance(tt.n, 100); got < tt.want-1e-9 || got > tt.want+1e-9 {
			t.Errorf("with %d of 100: %v, want %v", tt.n, got, tt.want)
		}
	}
}

// TestRefused tells a client why it is not served, also one that has sent something first.
func TestRefused(t *testing.T) {
	_, addr := serve(t, testEnv(t.Output()), ClientsConfig{MaxConnections: 1, MaxStartups: 1}, &words{login: true})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Read(make([]byte, 100)) // it is served
	if got := say(t, addr, strings.Repeat("x", 10000)); got != tooMany {
		t.Errorf("one client too many reads %q", got)
	}
}

// TestRefusalLog writes one line for an address, and one a minute later with how many there were.
func TestRefusalLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		r := newRefusals(slog.New(slog.NewTextHandler(&log, nil)))
		for range 500 {
			r.note(netip.MustParseAddr("192.0.2.1"), "too many")
		}
		r.note(netip.MustParseAddr("192.0.2.2"), "banned")
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("there are %d lines, want one for each address:\n%s", n, log.String())
		}
		time.Sleep(refusalPause)
		synctest.Wait()
		if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 3 || !strings.Contains(lines[2], "192.0.2.1 count=499 reason=\"too many\"") {
			t.Errorf("after a minute the log is\n%s", log.String())
		}
		log.Reset()
		for i := range 10 * maxRefused {
			r.note(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), "too many")
		}
		r.mu.Lock()
		told := len(r.since)
		r.mu.Unlock()
		if told > maxRefused+1 {
			t.Errorf("%d addresses are told apart", told)
		}
		time.Sleep(refusalPause)
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n != maxRefused+1 || !strings.Contains(log.String(), "count=9000") {
			t.Errorf("%d lines about a flood of addresses", n)
		}
	})
}

// lockedBuffer is a buffer that a log and a test share.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}

// TestShutdown cuts those who have logged in only when there is no more time.
func TestShutdown(t *testing.T) {
	p := &words{login: true}
	var mu sync.Mutex
	var endings []Ending
	env := testEnv(t.Output())
	env.Connect = func(netip.Addr) (Visit, error) {
		return calm{ending: func(how Ending) {
			mu.Lock()
			defer mu.Unlock()
			endings = append(endings, how)
		}}, nil
	}
	s, addr := serve(t, env, ClientsConfig{MaxConnections: 10, MaxStartups: 10}, p)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Read(make([]byte, 100))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Shutdown(ctx) }()
	for !p.clients[0].IsClosing() {
		time.Sleep(time.Millisecond)
	}
	if _, err := io.WriteString(c, "still here"); err != nil {
		t.Error(err)
	}
	if _, err := c.Read(make([]byte, 10)); err != nil {
		t.Errorf("a client that is logged in is cut at once: %v", err)
	}
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("Shutdown = %v", err)
	}
	if len(endings) != 1 || endings[0] != EndedFine {
		t.Errorf("the connections ended as %v", endings)
	}
}
