package memcached

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/cachetest"
	"filegate/core/cache/remote"
	"filegate/core/cache/seal"
	"filegate/core/testneed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey  = auth.Secret("for tests only 0123456789 abcdefghijk")
	otherKey = auth.Secret("for tests only 0123456789 abcdefghijl")
)

// open makes a cache with an unhurried timeout, so that a slow machine does not look like a slow
// server.
func open(t *testing.T, key auth.Secret, servers ...string) cache.Cache {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout = servers, key, 5*time.Second
	return openConfig(t, cfg)
}

func openConfig(t *testing.T, cfg *Config) cache.Cache {
	t.Helper()
	c, err := cfg.New(cache.Env{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.(io.Closer).Close() })
	return c
}

func TestCache(t *testing.T) {
	a, b := startFake(t), startFake(t)
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, testKey, a.addr(), b.addr()) })
	if len(a.items) == 0 || len(b.items) == 0 {
		t.Errorf("the servers keep %d and %d values: both should have a part", len(a.items), len(b.items))
	}
}

// TestRealCache runs the suite with the lab's memcached.
func TestRealCache(t *testing.T) {
	addr := os.Getenv("FILEGATE_TEST_MEMCACHED")
	if addr == "" {
		if testing.Short() {
			t.Skip("needs a real memcached")
		}
		testneed.Missing(t, "FILEGATE_TEST_MEMCACHED names no memcached")
	}
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, testKey, addr) })
}

// TestSeal looks at what a server gets to see.
func TestSeal(t *testing.T) {
	f := startFake(t)
	c := open(t, testKey, f.addr())
	key := cache.NewKey("purpose", "account", "secret name")
	c.Set(t.Context(), key, []byte("secret value"), time.Hour)
	c.Set(t.Context(), key, []byte("secret value"), time.Hour)
	for name, item := range f.items {
		for _, secret := range []string{"purpose", "account", "secret", "value"} {
			if strings.Contains(name, secret) || bytes.Contains(item.value, []byte(secret)) {
				t.Errorf("the server can read %q", secret)
			}
		}
	}
	if len(f.items) != 1 {
		t.Fatalf("the server keeps %d values, want 1", len(f.items))
	}
	if _, ok := open(t, otherKey, f.addr()).Get(t.Context(), key); ok {
		t.Error("a gateway with another key finds the value")
	}
}

// TestLies has a server change, swap and keep values in every way that it can without the key.
func TestLies(t *testing.T) {
	f := startFake(t)
	c := open(t, testKey, f.addr())
	ctx := t.Context()
	mine, other := cache.NewKey("listing", "account", "me"), cache.NewKey("listing", "account", "somebody else")
	c.Set(ctx, mine, []byte("mine"), time.Hour)
	c.Set(ctx, other, []byte("other's"), time.Hour)
	good := maps.Clone(f.items)
	s, err := seal.New(testKey)
	if err != nil {
		t.Fatal(err)
	}
	hashes := []string{s.Name(mine), s.Name(other)}
	unknown := func(rule string) {
		t.Helper()
		if value, ok := c.Get(ctx, mine); ok {
			t.Errorf("Get returns %q: %s", value, rule)
		}
		if values := cache.GetBatch(ctx, c, []cache.Key{mine}); values[0] != nil {
			t.Errorf("GetBatch returns %q: %s", values[0], rule)
		}
	}
	lie := func(value []byte) { f.items[hashes[0]] = fakeItem{value, 1} }

	lie(good[hashes[1]].value)
	unknown("it is the value of another key")
	box := good[hashes[0]].value
	for i := range box {
		changed := bytes.Clone(box)
		changed[i] ^= 1
		lie(changed)
		unknown(fmt.Sprintf("byte %d was changed", i))
	}
	for n := range box {
		lie(box[:n])
		unknown(fmt.Sprintf("it was cut to %d bytes", n))
	}
	lie(box)
	if value, ok := c.Get(ctx, mine); !ok || string(value) != "mine" {
		t.Fatalf("Get returns %q, %v of what was not changed", value, ok)
	}
	lie([]byte("garbage"))
	ok := c.Update(ctx, mine, time.Hour, func(old []byte) []byte {
		if old != nil {
			t.Errorf("Update sees %q in garbage", old)
		}
		return []byte("new")
	})
	if value, _ := c.Get(ctx, mine); !ok || string(value) != "new" {
		t.Errorf("Update over garbage returns %v, and leaves %q", ok, value)
	}
	// The right value, under a key that was not asked for.
	f.misbehave(func(w io.Writer, line string) bool {
		if !strings.HasPrefix(line, "gets") {
			return false
		}
		fmt.Fprintf(w, "VALUE %s 0 %d 1\r\n%s\r\nEND\r\n", hashes[1], len(good[hashes[1]].value), good[hashes[1]].value)
		return true
	})
	unknown("it is the value of a key that was not asked for")
}

// TestBadServers has servers of which every request must come back in time and know nothing, and
// that are soon left alone.
func TestBadServers(t *testing.T) {
	const short = 50 * time.Millisecond
	reply := func(text string) func(io.Writer, string) bool {
		return func(w io.Writer, _ string) bool {
			io.WriteString(w, text)
			return true
		}
	}
	huge := strings.Repeat("x", 1<<16)
	for name, answer := range map[string]func(io.Writer, string) bool{
		"hangs":                     reply(""),
		"hangs in a line":           reply("VAL"),
		"hangs in a value":          reply("VALUE k 0 100 1\r\nabc"),
		"garbles":                   reply("\x00\xff\r\n"),
		"says error":                reply("ERROR\r\n"),
		"claims a huge value":       reply("VALUE k 0 4294967295 1\r\n"),
		"claims a negative value":   reply("VALUE k 0 -5 1\r\n"),
		"claims no number":          reply("VALUE k 0 many 1\r\nEND\r\n"),
		"sends a line without end":  reply(huge),
		"answers with another verb": reply("STORE\r\n"),
		"never ends": func(w io.Writer, _ string) bool {
			for {
				if _, err := io.WriteString(w, "VALUE k 0 65536 1\r\n"+huge+"\r\n"); err != nil {
					return true
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			f.misbehave(answer)
			knowsNothing(t, short, f.addr())
			if n := f.requests(); n > remote.MaxFailures+1 {
				t.Errorf("the server was asked %d times: it is to be left alone after %d failures", n, remote.MaxFailures)
			}
		})
	}
	t.Run("is down", func(t *testing.T) {
		f := startFake(t)
		f.stop()
		knowsNothing(t, short, f.addr())
	})
	t.Run("has no address", func(t *testing.T) { knowsNothing(t, short, "no-such-host.invalid:11211") })
}

// knowsNothing does all that can be done with a server that is of no use.
func knowsNothing(t *testing.T, timeout time.Duration, addr string) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout, cfg.Pause = []string{addr}, testKey, timeout, time.Hour
	c := openConfig(t, cfg)
	ctx := t.Context()
	key := cache.NewKey("t", "key")
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
}

// TestRestart has a server close the connections that were kept.
func TestRestart(t *testing.T) {
	f := startFake(t)
	c := open(t, testKey, f.addr())
	ctx, key := t.Context(), cache.NewKey("t", "key")
	c.Set(ctx, key, []byte("value"), time.Hour)
	f.mu.Lock()
	for conn := range f.conns {
		conn.Close()
	}
	f.mu.Unlock()
	c.Get(ctx, key) // finds the connection closed
	if value, ok := c.Get(ctx, key); !ok || string(value) != "value" {
		t.Errorf("Get returns %q, %v: connections from before are not to be used again", value, ok)
	}
}

func TestLimits(t *testing.T) {
	if item := item("name", nil, remote.MaxLife); item.Expiration != 30*24*3600 {
		t.Errorf("the longest life is %d seconds to memcached, which takes more than 30 days for a date", item.Expiration)
	}
	if item := item("name", nil, time.Millisecond); item.Expiration != 1 {
		t.Errorf("a life of a millisecond is %d seconds to memcached, and 0 is for ever", item.Expiration)
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"good", func(*Config) {}, nil},
		{"a socket", func(c *Config) { c.Servers = []string{"/run/memcached.sock"} }, nil},
		{"no server", func(c *Config) { c.Servers = nil }, []string{"servers: No memcached server"}},
		{"no port", func(c *Config) { c.Servers = []string{"a:1", "b"} }, []string{`servers: Bad address "b"`}},
		{"twice", func(c *Config) { c.Servers = []string{"a:1", "a:1"} }, []string{`servers: "a:1" is named twice`}},
		{"no key", func(c *Config) { c.Key = "" }, []string{"key: No key"}},
		{"short key", func(c *Config) { c.Key = testKey[:31] }, []string{"key: Key too short"}},
		{"simple key", func(c *Config) { c.Key = auth.Secret(strings.Repeat("abc", 20)) }, []string{"key: Key too simple"}},
		{"times", func(c *Config) { c.Timeout, c.Pause = 0, time.Millisecond }, []string{"timeout: Timeout out of range", "pause: Pause out of range"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Servers, cfg.Key = []string{"127.0.0.1:11211"}, testKey
			tt.change(cfg)
			var got []string
			cfg.Validate(func(attribute, summary, detail string) {
				got = append(got, attribute+": "+summary)
				if detail == "" || strings.Contains(detail, cfg.Key.Reveal()) && cfg.Key != "" {
					t.Errorf("%s: the detail is %q", summary, detail)
				}
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Validate reports (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzConn lets a server answer anything. What the client makes of it is bounded, and nothing that
// was not sealed comes out.
func FuzzConn(f *testing.F) {
	for _, s := range []string{"END\r\n", "VALUE k 0 3 1\r\nabc\r\nEND\r\n", "VALUE k 0 4294967295 1\r\n", "VALUE\r\n", "VALUE k 0 -1\r\n", "\n\n\n"} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, answer []byte, cut uint8) {
		c := &conn{Conn: readConn{}}
		var failed bool
		for rest := answer; len(rest) > 0 && !failed; {
			n := min(len(rest), int(cut)+1)
			failed = c.check(rest[:n]) != nil
			rest = rest[n:]
		}
		if c.skip > remote.MaxBox+2 || len(c.line) > maxLine+len(answer) {
			t.Errorf("a value of %d bytes, or a line of %d, is waited for", c.skip, len(c.line))
		}
		whole := &conn{Conn: readConn{}}
		if (whole.check(answer) != nil) != failed {
			t.Error("what is thought of an answer depends on how it is cut")
		}
	})
}

type readConn struct{ net.Conn }
