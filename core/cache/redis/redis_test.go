package redis

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/cachetest"
	"filegate/core/cache/remote"
	"filegate/core/cache/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = auth.Secret("for tests only 0123456789 abcdefghijk")

// testConfig has an unhurried timeout, so that a slow machine does not look like a slow server.
func testConfig(servers ...string) *Config {
	cfg := DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout = servers, testKey, 5*time.Second
	return cfg
}

func open(t *testing.T, cfg *Config) cache.Cache {
	t.Helper()
	return openLogged(t, cfg, t.Output())
}

func openLogged(t *testing.T, cfg *Config, log io.Writer) cache.Cache {
	t.Helper()
	c, err := cfg.New(cache.Env{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.(io.Closer).Close() })
	return c
}

func TestCache(t *testing.T) {
	a, b := startFake(t), startFake(t)
	cfg := testConfig(a.addr(), b.addr())
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, cfg) })
	if len(a.items) == 0 || len(b.items) == 0 {
		t.Errorf("the servers keep %d and %d values: both should have a part", len(a.items), len(b.items))
	}
}

// TestLies has a server that changes and swaps values, and answers other requests than it got.
func TestLies(t *testing.T) {
	f := startFake(t)
	c, ctx := open(t, testConfig(f.addr())), t.Context()
	mine, other := cache.NewKey("listing", "account", "me"), cache.NewKey("listing", "account", "somebody else")
	c.Set(ctx, mine, []byte("mine"), time.Hour)
	c.Set(ctx, other, []byte("other's"), time.Hour)
	for name, value := range f.items {
		for _, secret := range []string{"listing", "account", "me", "mine", "other"} {
			if strings.Contains(strings.TrimPrefix(name, prefix), secret) && len(secret) > 4 || strings.Contains(value, secret) && len(secret) > 4 {
				t.Errorf("the server can read %q", secret)
			}
		}
	}
	s, err := seal.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	good, name := maps.Clone(f.items), prefix+s.Name(mine)
	unknown := func(rule string) {
		t.Helper()
		if value, ok := c.Get(ctx, mine); ok {
			t.Errorf("Get returns %q: %s", value, rule)
		}
		if values := cache.GetBatch(ctx, c, []cache.Key{mine, mine}); values[0] != nil || values[1] != nil {
			t.Errorf("GetBatch returns %q: %s", values, rule)
		}
	}
	f.items[name] = good[prefix+s.Name(other)]
	unknown("it is the value of another key")
	f.items[name] = good[name][:30]
	unknown("it was cut")
	f.items[name] = ""
	unknown("it is empty")
	update := func(garbage string) {
		t.Helper()
		f.items[name] = garbage
		ok := c.Update(ctx, mine, time.Hour, func(old []byte) []byte {
			if old != nil {
				t.Errorf("Update sees %q in garbage", old)
			}
			return []byte("new")
		})
		if value, _ := c.Get(ctx, mine); !ok || string(value) != "new" {
			t.Errorf("Update over garbage returns %v, and leaves %q", ok, value)
		}
	}
	update("garbage")
	update("garbage that is longer than the beginning of a box")
	f.misbehave(func(w io.Writer, args []string) bool {
		if args[0] == "mget" {
			io.WriteString(w, "*3\r\n$-1\r\n$-1\r\n$-1\r\n")
		}
		return args[0] == "mget"
	})
	unknown("there are more values than were requested")
}

// TestBadServers has servers of which every request must come back in time and know nothing, and
// that are soon left alone.
func TestBadServers(t *testing.T) {
	reply := func(text string) func(io.Writer, []string) bool {
		return func(w io.Writer, _ []string) bool {
			io.WriteString(w, text)
			return true
		}
	}
	afterHello := func(text string) func(io.Writer, []string) bool {
		return func(w io.Writer, args []string) bool {
			if args[0] == "hello" {
				return false
			}
			io.WriteString(w, text)
			return true
		}
	}
	huge := strings.Repeat("x", 1<<16)
	for name, answer := range map[string]func(io.Writer, []string) bool{
		"hangs":                    reply(""),
		"hangs after the greeting": afterHello(""),
		"hangs in a line":          afterHello("*1"),
		"hangs in a value":         afterHello("*1\r\n$100\r\nabc"),
		"garbles":                  afterHello("\x00\xff\r\n"),
		"says error":               afterHello("-ERR no\r\n"),
		"claims a huge value":      afterHello("*1\r\n$4294967295\r\n"),
		"claims a huge list":       afterHello("*4294967295\r\n"),
		"claims a negative value":  afterHello("*1\r\n$-5\r\n"),
		"claims no number":         afterHello("*many\r\n"),
		"sends a line without end": afterHello("+" + huge),
		"nests lists":              afterHello(strings.Repeat("*1\r\n", 1<<20)),
		"nests attributes":         afterHello(strings.Repeat("|1\r\n", 1<<10)),
		"pushes":                   afterHello(">2\r\n+invalidate\r\n*0\r\n"),
		"greets with a huge value": reply("$4294967295\r\n"),
		"never ends":               afterHello("*4096\r\n" + strings.Repeat(fmt.Sprintf("$%d\r\n%s\r\n", len(huge), huge), 1<<6)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t)
			f.misbehave(answer)
			cfg := testConfig(f.addr())
			cfg.Timeout = 50 * time.Millisecond
			knowsNothing(t, cfg)
			if n := f.requests(); n > remote.MaxFailures+1 {
				t.Errorf("the server was asked %d times: it is to be left alone after %d failures", n, remote.MaxFailures)
			}
		})
	}
	t.Run("is down", func(t *testing.T) {
		f := startFake(t)
		f.stop()
		knowsNothing(t, testConfig(f.addr()))
	})
	t.Run("has no address", func(t *testing.T) {
		cfg := testConfig("no-such-host.invalid:6379")
		cfg.Timeout = 50 * time.Millisecond
		knowsNothing(t, cfg)
	})
	t.Run("quotes the password", func(t *testing.T) {
		f := startFake(t)
		f.misbehave(reply("-ERR unknown command 'HELLO', with args beginning with: '2' 'AUTH' 'user' 'p4ssw0rd'\r\n"))
		cfg := testConfig(f.addr())
		cfg.User, cfg.Password = "user", "p4ssw0rd"
		if log := knowsNothing(t, cfg); strings.Contains(log, "p4ssw0rd") || !strings.Contains(log, "refuses with ERR") {
			t.Errorf("the log is %s", log)
		}
	})
}

// knowsNothing does all that can be done with a server that is of no use. It returns the log.
func knowsNothing(t *testing.T, cfg *Config) string {
	t.Helper()
	cfg.Pause = time.Hour
	var log bytes.Buffer
	c := openLogged(t, cfg, &log)
	ctx, key := t.Context(), cache.NewKey("t", "key")
	for range 5 {
		c.Set(ctx, key, []byte("value"), time.Hour)
		if value, ok := c.Get(ctx, key); ok {
			t.Errorf("Get returns %q", value)
		}
		if values := cache.GetBatch(ctx, c, []cache.Key{key, key}); values[0] != nil || values[1] != nil {
			t.Errorf("GetBatch returns %q", values)
		}
		if c.Update(ctx, key, time.Hour, func([]byte) []byte { return []byte("new") }) {
			t.Error("Update reports success")
		}
		c.Delete(ctx, key)
	}
	return log.String()
}

// TestCut has a server close all connections. One request notices, and no other is lost.
func TestCut(t *testing.T) {
	f := startFake(t)
	c, ctx := open(t, testConfig(f.addr())), t.Context()
	key := cache.NewKey("t", "key")
	c.Set(ctx, key, []byte("value"), time.Hour)
	const atOnce = 8 // requests, so they need as many connections
	var waiting atomic.Int32
	all := make(chan struct{})
	f.misbehave(func(_ io.Writer, args []string) bool {
		if args[0] == "mget" {
			if waiting.Add(1) == atOnce {
				close(all)
			}
			<-all
		}
		return false
	})
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() { c.Get(ctx, key) })
	}
	wg.Wait()
	f.misbehave(nil)
	f.cut()
	c.Get(ctx, key) // finds the connection closed
	for range atOnce {
		if value, ok := c.Get(ctx, key); !ok || string(value) != "value" {
			t.Errorf("Get returns %q, %v: connections from before are not to be used again", value, ok)
		}
	}
}

// TestCanceled has a caller whose context ends during a request: the server has not failed.
func TestCanceled(t *testing.T) {
	f := startFake(t)
	c, key := open(t, testConfig(f.addr())), cache.NewKey("t", "key")
	for range 2 * remote.MaxFailures {
		ctx, cancel := context.WithCancel(t.Context())
		f.misbehave(func(io.Writer, []string) bool {
			cancel()
			return false
		})
		c.Get(ctx, key)
	}
	if s, _ := cache.StatsOf(c); s.Failures != 0 {
		t.Errorf("%d failures are counted", s.Failures)
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"good", func(*Config) {}, nil},
		{"a socket", func(c *Config) { c.Servers = []string{"/run/redis.sock"} }, nil},
		{"a password", func(c *Config) { c.Password = "secret" }, nil},
		{"no server", func(c *Config) { c.Servers = nil }, []string{"servers: No redis server"}},
		{"no key", func(c *Config) { c.Key = "" }, []string{"key: No key"}},
		{"no password", func(c *Config) { c.User = "filegate" }, []string{"password: No password"}},
		{"TLS", func(c *Config) { c.TLS = &TLS{} }, nil},
		{"TLS over a socket", func(c *Config) { c.Servers, c.TLS = []string{"/run/redis.sock"}, &TLS{} }, []string{"servers: TLS over a socket"}},
		{"no such file", func(c *Config) { c.TLS = &TLS{CAFile: "/no/such/file"} }, []string{"tls: TLS cannot be used"}},
		{"half a certificate", func(c *Config) { c.TLS = &TLS{Cert: "/no/such/file"} }, []string{"tls: TLS cannot be used"}},
		{"times", func(c *Config) { c.Timeout, c.Pause = 0, time.Millisecond }, []string{"timeout: Timeout out of range", "pause: Pause out of range"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Servers, cfg.Key = []string{"127.0.0.1:6379"}, testKey
			tt.change(cfg)
			var got []string
			cfg.Validate(func(attribute, summary, detail string) { got = append(got, attribute+": "+summary) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Validate reports (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzAnswer lets a server answer anything. The client neither hangs nor crashes, waits for no more
// than it may, and what it makes of the answer does not depend on how it is cut.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"*1\r\n$3\r\nabc\r\n", "*1\r\n$-1\r\n", "-ERR no\r\n", "*4294967295\r\n", "$4294967295\r\n", "*1\r\n*1\r\n:1\r\n", ">1\r\n+x\r\n", "\n\n\n", "*1\r\n$0\r\n\r\n"} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, cut uint8) {
		var failed bool
		c := &conn{}
		for rest := answer; len(rest) > 0 && !failed; {
			n := min(len(rest), int(cut)+1)
			failed = c.check(rest[:n]) != nil
			rest = rest[n:]
		}
		if c.skip > remote.MaxBox+2 || len(c.line) > maxLine+len(answer) {
			t.Errorf("a value of %d bytes, or a line of %d, is waited for", c.skip, len(c.line))
		}
		if ((&conn{}).check(answer) != nil) != failed {
			t.Error("what is thought of an answer depends on how it is cut")
		}
		s := newStore("a:1", testConfig("a:1"), func(context.Context, string, string) (net.Conn, error) {
			return &answers{rest: [][]byte{[]byte("+OK\r\n"), answer}}, nil
		})
		defer s.Close()
		items, err := s.Get(t.Context(), []string{"name"})
		if len(items) > 1 || err != nil && items != nil {
			t.Errorf("one name has %d items, and the error %v", len(items), err)
		}
		_ = s.Replace(t.Context(), "name", nil, []byte("box"), time.Hour)
	})
}

// answers is a connection that answers requests in turn, and then ends.
type answers struct {
	net.Conn
	current []byte
	rest    [][]byte
}

func (a *answers) Write(p []byte) (int, error) {
	if len(a.rest) > 0 {
		a.current, a.rest = a.rest[0], a.rest[1:]
	}
	return len(p), nil
}

func (a *answers) Read(p []byte) (int, error) {
	if len(a.current) == 0 {
		return 0, io.EOF
	}
	n := copy(p, a.current)
	a.current = a.current[n:]
	return n, nil
}

func (*answers) Close() error                     { return nil }
func (*answers) SetDeadline(time.Time) error      { return nil }
func (*answers) SetReadDeadline(time.Time) error  { return nil }
func (*answers) SetWriteDeadline(time.Time) error { return nil }
