package ssh

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/frontend"
)

// writeKey writes a private key in OpenSSH's form.
func writeKey(t *testing.T, key any, passphrase string, perm os.FileMode) string {
	t.Helper()
	marshal := func() (*pem.Block, error) { return ssh.MarshalPrivateKey(key, "") }
	if passphrase != "" {
		marshal = func() (*pem.Block, error) { return ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase)) }
	}
	block, err := marshal()
	if err != nil {
		t.Fatal(err)
	}
	return write(t, pem.EncodeToMemory(block), perm)
}

func write(t *testing.T, data []byte, perm os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, data, perm); err != nil {
		t.Fatal(err)
	}
	return file
}

func ed25519Key(t *testing.T) any {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) any {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ecdsaKey(t *testing.T) any {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestValidate(t *testing.T) {
	good := writeKey(t, ed25519Key(t), "", 0o600)
	for _, tt := range []struct {
		name      string
		change    func(*Config)
		attribute string // of the one mistake; none where empty
		text      string // part of what is said
	}{
		{name: "defaults", change: func(*Config) {}},
		{name: "all key types", change: func(c *Config) {
			c.HostKeys = append(c.HostKeys, writeKey(t, ecdsaKey(t), "", 0o600), writeKey(t, rsaKey(t, 2048), "", 0o400))
		}},
		{name: "old algorithms on request", change: func(c *Config) {
			c.KeyExchanges, c.MACs = []string{"diffie-hellman-group14-sha1"}, []string{"hmac-sha1"}
			c.Ciphers = []string{"aes128-cbc", "aes256-ctr"}
		}},
		{name: "no address", change: func(c *Config) { c.Listen = nil }, attribute: "listen", text: "at least one"},
		{name: "no port", change: func(c *Config) { c.Listen = []string{"127.0.0.1"} }, attribute: "listen", text: "host:port"},
		{name: "no key", change: func(c *Config) { c.HostKeys = nil }, attribute: "host_keys", text: "filegate hostkeys"},
		{name: "missing key", change: func(c *Config) { c.HostKeys = []string{"/nowhere/key"} }, attribute: "host_keys", text: "no such file"},
		{name: "open key", change: func(c *Config) { c.HostKeys = []string{writeKey(t, ed25519Key(t), "", 0o640)} }, attribute: "host_keys", text: "chmod 600"},
		{name: "encrypted key", change: func(c *Config) { c.HostKeys = []string{writeKey(t, ed25519Key(t), "x", 0o600)} }, attribute: "host_keys", text: "passphrase"},
		{name: "not a key", change: func(c *Config) { c.HostKeys = []string{write(t, []byte("hello"), 0o600)} }, attribute: "host_keys", text: "not a private key"},
		{name: "short key", change: func(c *Config) { c.HostKeys = []string{writeKey(t, rsaKey(t, 1024), "", 0o600)} }, attribute: "host_keys", text: "1024 bits"},
		{name: "two of a type", change: func(c *Config) { c.HostKeys = append(c.HostKeys, writeKey(t, ed25519Key(t), "", 0o600)) }, attribute: "host_keys", text: "same type"},
		{name: "no keepalive", change: func(c *Config) { c.Keepalive = 0 }},
		{name: "short keepalive", change: func(c *Config) { c.Keepalive = time.Millisecond }, attribute: "keepalive", text: `"0s" for never`},
		{name: "short idle timeout", change: func(c *Config) { c.IdleTimeout = time.Millisecond }, attribute: "idle_timeout", text: "at least"},
		{name: "version of its own", change: func(c *Config) { c.Version = "Files_1.0 of Example" }},
		{name: "version of two lines", change: func(c *Config) { c.Version = "a\nb" }, attribute: "version", text: "printable"},
		{name: "no version", change: func(c *Config) { c.Version = "" }, attribute: "version", text: "printable"},
		{name: "long version", change: func(c *Config) { c.Version = strings.Repeat("x", 250) }, attribute: "version", text: "245"},
		{name: "unknown service", change: func(c *Config) { c.Services = []string{"sftp"} }, attribute: "services", text: "no service"},
		{name: "no service", change: func(c *Config) { c.Services = nil }, attribute: "services", text: "Nothing"},
		{name: "unknown cipher", change: func(c *Config) { c.Ciphers = []string{"rot13"} }, attribute: "ciphers", text: "aes128-gcm@openssh.com"},
		{name: "unknown kex", change: func(c *Config) { c.KeyExchanges = []string{"x"} }, attribute: "kex", text: "curve25519-sha256"},
		{name: "unknown mac", change: func(c *Config) { c.MACs = []string{"x"} }, attribute: "macs", text: "hmac-sha2-256"},
		{name: "no connections", change: func(c *Config) { c.MaxConnections = 0 }, attribute: "max_connections", text: "at least 1"},
		{name: "no startups", change: func(c *Config) { c.MaxStartups = -1 }, attribute: "max_startups", text: "at least 1"},
		{name: "no time", change: func(c *Config) { c.LoginTimeout = 60 * time.Nanosecond }, attribute: "login_timeout", text: "too short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewConfig()
			c.Services, c.available = []string{"none"}, []Service{none{}}
			c.HostKeys = []string{good}
			tt.change(c)
			var got []string
			c.Validate(func(attribute, summary, detail string) {
				got = append(got, attribute)
				if !strings.Contains(summary+" "+detail, tt.text) {
					t.Errorf("%s: %s: %s; want something with %q", attribute, summary, detail, tt.text)
				}
			})
			var want []string
			if tt.attribute != "" {
				want = []string{tt.attribute}
			}
			if !slices.Equal(got, want) {
				t.Errorf("mistakes in %q, want %q", got, want)
			}
			if _, err := c.New(env(auth.Password)); (err != nil) != (tt.attribute == "host_keys") {
				t.Errorf("New: %v", err)
			}
		})
	}
}

// env is that of a frontend whose authenticators have the given methods.
func env(methods ...auth.Method) frontend.Env {
	return frontend.Env{Methods: func() []auth.Method { return methods }}
}

// TestNobodyCouldLogIn is a frontend whose authenticators have nothing to do with SSH.
func TestNobodyCouldLogIn(t *testing.T) {
	for _, tt := range []struct {
		methods []auth.Method
		ok      bool
	}{
		{[]auth.Method{auth.Certificate}, false},
		{[]auth.Method{auth.Certificate, auth.PublicKey}, true},
		{nil, true}, // nothing is known of them yet
	} {
		c := NewConfig(none{})
		c.HostKeys = []string{writeKey(t, ed25519Key(t), "", 0o600)}
		if _, err := c.New(env(tt.methods...)); (err == nil) != tt.ok {
			t.Errorf("New with the methods %q: %v", tt.methods, err)
		}
	}
}

// none is a service that nothing can reach.
type none struct{ Service }

func (none) Name() string { return "none" }

func TestRSAHostKeySignsWithoutSHA1(t *testing.T) {
	file := writeKey(t, rsaKey(t, 2048), "", 0o600)
	for _, legacy := range []bool{false, true} {
		key, problem := loadHostKey(file, legacy)
		if problem != "" {
			t.Fatal(problem)
		}
		multi, ok := key.(ssh.MultiAlgorithmSigner)
		if !ok || slices.Contains(multi.Algorithms(), ssh.KeyAlgoRSA) != legacy {
			t.Errorf("legacy = %t: the RSA host key signs by %q; ssh-rsa, which is SHA-1, is for old devices only", legacy, multi.Algorithms())
		}
	}
}

// A directory stands for the private keys in it, and for nothing else in it.
func TestHostKeyDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, key := range map[string]any{"a": ed25519Key(t), "b": ecdsaKey(t)} {
		data, err := os.ReadFile(writeKey(t, key, "", 0o600))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"a.pub": "ssh-ed25519 AAAA", "README": "These are the keys."} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	keys := loadHostKeys([]string{dir}, false, func(_, summary, detail string) { t.Errorf("%s: %s", summary, detail) })
	if len(keys) != 2 {
		t.Errorf("%d keys in the directory, want 2", len(keys))
	}
	var problems []string
	if keys := loadHostKeys([]string{t.TempDir()}, false, func(_, summary, detail string) { problems = append(problems, summary+detail) }); len(keys) > 0 || len(problems) != 1 ||
		!strings.Contains(problems[0], "filegate hostkeys") {
		t.Errorf("an empty directory: %d keys, %q", len(keys), problems)
	}
}

// What is weak is never offered unasked, and what is good stays on offer for others beside what old
// devices get.
func TestOffered(t *testing.T) {
	good, old := offered(false), offered(true)
	for _, list := range [][]string{good.ciphers, good.kex, good.macs} {
		for _, name := range list {
			if weak(name) {
				t.Errorf("%s is offered without legacy", name)
			}
		}
	}
	if slices.Contains(good.userKeys, ssh.KeyAlgoRSA) || !slices.Contains(old.userKeys, ssh.KeyAlgoRSA) {
		t.Error("clients' ssh-rsa keys are for legacy alone")
	}
	if len(good.kex) == 0 || good.kex[0] != ssh.KeyExchangeMLKEM768X25519 || !slices.Equal(old.kex[:len(good.kex)], good.kex) {
		t.Errorf("key exchanges %q, and for old devices %q", good.kex, old.kex)
	}
	for _, name := range []string{ssh.InsecureKeyExchangeDH14SHA1, ssh.KeyExchangeDH14SHA256} {
		if !slices.Contains(old.kex, name) {
			t.Errorf("%s is missing for old devices", name)
		}
	}
	if !slices.Contains(old.ciphers, ssh.InsecureCipherAES128CBC) || !slices.Contains(old.macs, ssh.HMACSHA1) {
		t.Errorf("old devices get the ciphers %q and the MACs %q", old.ciphers, old.macs)
	}
}

func TestWarn(t *testing.T) {
	warned := func(change func(*Config)) (attributes []string) {
		c := NewConfig(none{})
		change(c)
		c.Warn(func(attribute, _, _ string) { attributes = append(attributes, attribute) })
		return attributes
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"defaults", func(*Config) {}, nil},
		{"good by hand", func(c *Config) { c.Ciphers, c.MACs = []string{"aes256-ctr"}, []string{"hmac-sha2-256"} }, nil},
		{"legacy", func(c *Config) { c.Legacy = true }, []string{"legacy"}},
		{"weak by hand", func(c *Config) {
			c.Ciphers, c.KeyExchanges, c.MACs = []string{"aes128-cbc", "aes256-ctr"}, []string{"curve25519-sha256", "diffie-hellman-group14-sha1"}, []string{"hmac-sha1"}
		}, []string{"ciphers", "kex", "macs"}},
	} {
		if got := warned(tt.change); !slices.Equal(got, tt.want) {
			t.Errorf("%s: warned of %q, want %q", tt.name, got, tt.want)
		}
	}
}
