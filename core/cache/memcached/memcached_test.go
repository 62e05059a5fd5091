package memcached

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/cachetest"
	"filegate/core/testneed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testKey  = auth.Secret("for tests only 0123456789 abcdefghijk")
	otherKey = auth.Secret("for tests only 0123456789 abcdefghijl")
)

// open makes a cache with an unhurried timeout, so that a slow machine does not look like a slow
// server.
func open(t *testing.T, key auth.Secret, servers ...string) *Cache {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Servers, cfg.Key, cfg.Timeout = servers, key, 5*time.Second
	c, err := cfg.New(cache.Env{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.(*Cache).Close() })
	return c.(*Cache)
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

// TestDeriveKey is that gateways with the same key make the same one of it for a purpose, and
// nobody else does.
func TestDeriveKey(t *testing.T) {
	f := startFake(t)
	key := func(secret auth.Secret, purpose string) string {
		return string(cache.DeriveKey(open(t, secret, f.addr()), purpose))
	}
	if a, b := key(testKey, "renewals"), key(testKey, "renewals"); a != b || len(a) != 32 {
		t.Errorf("two gateways make %x and %x of the same key", a, b)
	}
	if key(testKey, "renewals") == key(otherKey, "renewals") || key(testKey, "renewals") == key(testKey, "more") {
		t.Error("another key, or another purpose, makes the same")
	}
	if cache.DeriveKey(cache.NewMemory(1<<20), "renewals") != nil {
		t.Error("a cache without a secret makes a key")
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
	hashes := []string{c.seal.hash(mine), c.seal.hash(other)}
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
	c.now = func() time.Time { return time.Now().Add(time.Hour + time.Second) }
	unknown("its life has ended, whatever the server says")
	c.now = time.Now

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
			if n := f.requests(); n > maxFailures+1 {
				t.Errorf("the server was asked %d times: it is to be left alone after %d failures", n, maxFailures)
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
	c := open(t, testKey, addr)
	for _, s := range c.servers {
		*s = *newServer(addr, timeout, time.Hour, slog.New(slog.DiscardHandler))
	}
	ctx := t.Context()
	key := cache.NewKey("t", "key")
	for range 5 {
		c.Set(ctx, key, []byte("value"), time.Hour)
		if value, ok := c.Get(ctx, key); ok {
			t.Errorf("Get returns %q", value)
		}
		if values := c.GetBatch(ctx, []cache.Key{key, key}); values[0] != nil || values[1] != nil {
			t.Errorf("GetBatch returns %q", values)
		}
		if c.Update(ctx, key, time.Hour, func([]byte) []byte { return []byte("new") }) {
			t.Error("Update reports success")
		}
		c.Delete(ctx, key)
	}
}

// TestBack has a server come back after it was left alone.
func TestBack(t *testing.T) {
	f := startFake(t)
	c := open(t, testKey, f.addr())
	ctx, key := t.Context(), cache.NewKey("t", "key")
	c.Set(ctx, key, []byte("value"), time.Hour)
	broken := true
	f.misbehave(func(w io.Writer, _ string) bool {
		if broken {
			io.WriteString(w, "SERVER_ERROR out of memory\r\n")
		}
		return broken
	})
	for range maxFailures {
		c.Get(ctx, key)
	}
	asked := f.requests()
	f.misbehave(nil)
	if _, ok := c.Get(ctx, key); ok || f.requests() != asked {
		t.Error("the server is asked although it is to be left alone")
	}
	s := c.servers[0]
	s.mu.Lock()
	s.until = time.Time{} // the pause is over
	s.mu.Unlock()
	if value, ok := c.Get(ctx, key); !ok || string(value) != "value" {
		t.Errorf("Get returns %q, %v from a server that is back", value, ok)
	}
	if s.failures != 0 {
		t.Errorf("%d failures are counted of a server that is back", s.failures)
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

// TestServers has gateways agree on who keeps what, in whatever order they name the servers.
func TestServers(t *testing.T) {
	names := []string{"a:1", "b:1", "c:1", "/run/d"}
	one := open(t, testKey, names...)
	slices.Reverse(names)
	two := open(t, testKey, names...)
	less := open(t, testKey, "a:1", "b:1", "c:1")
	parts := map[string]int{}
	for i := range 1000 {
		hash := one.seal.hash(cache.NewKey("t", fmt.Sprint(i)))
		a, b := one.server(hash).addr.name, two.server(hash).addr.name
		if a != b {
			t.Fatalf("gateways look for the same value at %s and at %s", a, b)
		}
		if c := less.server(hash).addr.name; a != "/run/d" && c != a {
			t.Fatalf("without another server, a value moves from %s to %s", a, c)
		}
		parts[a]++
	}
	for name, n := range parts {
		if n < 100 {
			t.Errorf("%s has %d of 1000 values", name, n)
		}
	}
}

func TestLimits(t *testing.T) {
	f := startFake(t)
	c := open(t, testKey, f.addr())
	ctx, key := t.Context(), cache.NewKey("t", "key")
	c.Set(ctx, key, make([]byte, maxValue), time.Hour)
	if value, _ := c.Get(ctx, key); len(value) != maxValue {
		t.Errorf("of the largest value %d bytes come back", len(value))
	}
	c.Set(ctx, key, make([]byte, maxValue+1), time.Hour)
	if value, ok := c.Get(ctx, key); ok {
		t.Errorf("after a value that is too large, one of %d bytes is there", len(value))
	}
	if c.Update(ctx, key, time.Hour, func([]byte) []byte { return make([]byte, maxValue+1) }) {
		t.Error("Update reports to keep a value that is too large")
	}
	if item := c.item(key, nil, 1000*24*time.Hour); item.Expiration != 30*24*3600 {
		t.Errorf("a life of 1000 days is %d seconds to memcached, which takes more than 30 days for a date", item.Expiration)
	}
	if item := c.item(key, nil, time.Millisecond); item.Expiration != 1 {
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
		if c.skip > maxItem+2 || len(c.line) > maxLine+len(answer) {
			t.Errorf("a value of %d bytes, or a line of %d, is waited for", c.skip, len(c.line))
		}
		whole := &conn{Conn: readConn{}}
		if (whole.check(answer) != nil) != failed {
			t.Error("what is thought of an answer depends on how it is cut")
		}
	})
}

type readConn struct{ net.Conn }

// FuzzOpen opens what nobody sealed.
func FuzzOpen(f *testing.F) {
	s, err := newSeal(testKey)
	if err != nil {
		f.Fatal(err)
	}
	key := cache.NewKey("t", "key")
	f.Add([]byte{})
	f.Add(make([]byte, 24))
	f.Add(binary.BigEndian.AppendUint64(make([]byte, 40), 1<<60))
	f.Fuzz(func(t *testing.T, box []byte) {
		if value := s.open(key, box, time.Unix(0, 0)); value != nil {
			t.Errorf("%q opens to %q", box, value)
		}
	})
}
