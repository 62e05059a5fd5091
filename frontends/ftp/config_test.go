package ftp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"filegate/frontends/ftp"
)

func TestValidate(t *testing.T) {
	dir := t.TempDir()
	cert, key := certificate(t, dir, "one")
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	_, otherKey := certificate(t, other, "two")
	secure := func(c *ftp.Config) { c.TLS.Mode, c.TLS.Cert, c.TLS.Key = "explicit", cert, key }
	for _, tt := range []struct {
		name   string
		change func(*ftp.Config)
		want   []string // attribute: summary
	}{
		{"default", func(*ftp.Config) {}, nil},
		{"secure", secure, nil},
		{"listen", func(c *ftp.Config) { c.Listen = nil }, []string{"listen: No address to listen on"}},
		{"listen", func(c *ftp.Config) { c.Listen = []string{"localhost"} }, []string{`listen: "localhost" is not an address`}},
		{"mode", func(c *ftp.Config) { c.TLS.Mode = "on" }, []string{`tls.mode: There is no TLS mode "on"`}},
		{"mode", func(c *ftp.Config) { c.TLS.Cert = cert }, []string{"tls.mode: There is a certificate, but TLS is off"}},
		{"cert", func(c *ftp.Config) { c.TLS.Mode = "implicit" }, []string{"tls.cert: TLS needs a certificate", "tls.key: TLS needs a private key"}},
		{"cert", func(c *ftp.Config) { secure(c); c.TLS.Cert = "/missing" }, []string{"tls.cert: The certificate cannot be read"}},
		{"cert", func(c *ftp.Config) { secure(c); c.TLS.Cert = key }, []string{"tls.cert: The certificate cannot be used"}},
		{"key", func(c *ftp.Config) { secure(c); c.TLS.Key = "/missing" }, []string{"tls.key: The private key cannot be read"}},
		{"key", func(c *ftp.Config) { secure(c); c.TLS.Key = otherKey }, []string{"tls.key: The private key cannot be used"}},
		{"suite", func(c *ftp.Config) { c.TLS.CipherSuites = []string{"TLS_AES_128_GCM_SHA256"} }, []string{`tls.cipher_suites: "TLS_AES_128_GCM_SHA256" is not a cipher suite of TLS 1.2`}},
		{"suites and TLS 1.3", func(c *ftp.Config) {
			c.TLS.CipherSuites, c.TLS.MinVersion = []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, "1.3"
		}, []string{"tls.cipher_suites: These cipher suites have no effect"}},
		{"version", func(c *ftp.Config) { c.TLS.MinVersion = "3" }, []string{`tls.min_version: There is no TLS version "3"`}},
		{"client_ca", func(c *ftp.Config) { secure(c); c.TLS.ClientCA = cert }, nil},
		{"client_ca", func(c *ftp.Config) { secure(c); c.TLS.ClientCA = key }, []string{"tls.client_ca: The authorities' certificates cannot be read"}},
		{"client_ca", func(c *ftp.Config) { c.TLS.ClientCA = cert }, []string{"tls.client_ca: Clients are to have certificates, but TLS is off"}},
		{"client_cert", func(c *ftp.Config) { secure(c); c.TLS.ClientCert = "require" }, []string{"tls.client_ca: client_cert needs client_ca"}},
		{"client_cert", func(c *ftp.Config) { secure(c); c.TLS.ClientCert = "maybe" }, []string{`tls.client_cert: Unknown value "maybe"`}},
		{"client_cert", func(c *ftp.Config) {
			secure(c)
			c.TLS.ClientCA, c.TLS.ClientCert, c.TLS.Required = cert, "require", false
		}, []string{"tls.required: Clients without TLS need no certificate"}},
		{"close_notify", func(c *ftp.Config) { secure(c); c.TLS.CloseNotify = "true" }, nil}, // as before there was a third way
		{"close_notify", func(c *ftp.Config) { secure(c); c.TLS.CloseNotify = "false" }, nil},
		{"close_notify", func(c *ftp.Config) { secure(c); c.TLS.CloseNotify = "maybe" }, []string{`tls.close_notify: There is no rule "maybe" about close_notify`}},
		{"charset", func(c *ftp.Config) { c.Charset = "windows-1252" }, nil},
		{"charset", func(c *ftp.Config) { c.Charset = "windows" }, []string{`charset: The character set "windows" cannot be used: it is not known here`}},
		{"charset", func(c *ftp.Config) { c.Charset = "UTF-16" }, []string{`charset: The character set "UTF-16" cannot be used: it does not contain ASCII, which FTP commands need`}},
		{"hangup", func(c *ftp.Config) { c.Hangup = "keep" }, nil},
		{"hangup", func(c *ftp.Config) { c.Hangup = "" }, []string{`hangup: "" is nothing to do when a client hangs up`}},
		{"ports", func(c *ftp.Config) { c.Passive.Ports = "60000-60100" }, nil},
		{"ports", func(c *ftp.Config) { c.Passive.Ports = "60100-60000" }, []string{`passive.ports: The ports cannot be used: the range "60100-60000" ends before it begins`}},
		{"ports", func(c *ftp.Config) { c.Passive.Ports = "60000" }, []string{`passive.ports: The ports cannot be used: "60000" is not a range of ports`}},
		{"ports", func(c *ftp.Config) { c.Passive.Ports = "0-70000" }, []string{`passive.ports: The ports cannot be used: "0" is not a port`}},
		{"host", func(c *ftp.Config) { c.Passive.PublicHost = "ftp.example.net" }, nil},
		{"host", func(c *ftp.Config) { c.Passive.PublicHost = "192.0.2.1" }, nil},
		{"host", func(c *ftp.Config) { c.Passive.PublicHost = "2001:db8::1" }, []string{"passive.public_host: 2001:db8::1 is not an IPv4 address"}},
		{"host", func(c *ftp.Config) { c.Passive.PublicHost = "ftp://x" }, []string{`passive.public_host: "ftp://x" is neither an address nor a host name`}},
		{"all", func(c *ftp.Config) {
			c.MaxConnections, c.MaxStartups, c.LoginTimeout, c.IdleTimeout, c.DataTimeout = 0, 0, 0, 1, 2
		}, []string{
			"max_connections: No client could connect", "max_startups: No client could log in",
			"login_timeout: 0s is too short", "idle_timeout: 1ns is too short", "data_timeout: 2ns is too short",
		}},
	} {
		cfg := ftp.NewConfig()
		tt.change(cfg)
		var got []string
		cfg.Validate(func(attribute, summary, detail string) {
			got = append(got, attribute+": "+summary)
			if detail == "" {
				t.Errorf("%s: %s: nothing says what to do", attribute, summary)
			}
		})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestWarn(t *testing.T) {
	for banner, want := range map[string]int{"Welcome to %v": 1, "Welcome, 100% of you": 0} {
		cfg := ftp.NewConfig()
		cfg.Banner = banner
		n := 0
		cfg.Warn(func(string, string, string) { n++ })
		if n != want {
			t.Errorf("%q: %d warnings, want %d", banner, n, want)
		}
	}
	for welcome, want := range map[string]int{"Welcome, %u": 0, "Welcome, %u, to %h": 1} {
		cfg := ftp.NewConfig()
		cfg.Welcome = welcome
		n := 0
		cfg.Warn(func(string, string, string) { n++ })
		if n != want {
			t.Errorf("%q: %d warnings, want %d", welcome, n, want)
		}
	}
}

// TestWarnOfClearText warns where passwords go over a network in the clear, and of keys that others
// can read.
func TestWarnOfClearText(t *testing.T) {
	cert, key := certificate(t, t.TempDir(), "one")
	for _, tt := range []struct {
		name   string
		change func(*ftp.Config)
		want   string
	}{
		{"this machine only", func(*ftp.Config) {}, ""},
		{"IPv6's own", func(c *ftp.Config) { c.Listen = []string{"[::1]:2021", "localhost:2022"} }, ""},
		{"all addresses", func(c *ftp.Config) { c.Listen = []string{":2021"} }, "tls.mode"},
		{"a name", func(c *ftp.Config) { c.Listen = []string{"ftp.example.net:21"} }, "tls.mode"},
		{"TLS", func(c *ftp.Config) {
			c.Listen = []string{":21"}
			c.TLS.Mode, c.TLS.Cert, c.TLS.Key = "explicit", cert, key
		}, ""},
		{"TLS for those who want it", func(c *ftp.Config) {
			c.Listen = []string{":21"}
			c.TLS.Mode, c.TLS.Cert, c.TLS.Key, c.TLS.Required = "explicit", cert, key, false
		}, "tls.required"},
		{"a key for everybody", func(c *ftp.Config) {
			c.TLS.Mode, c.TLS.Cert, c.TLS.Key = "explicit", cert, key
			if err := os.Chmod(key, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "tls.key"},
	} {
		cfg := ftp.NewConfig()
		tt.change(cfg)
		var got []string
		cfg.Warn(func(attribute, _, _ string) { got = append(got, attribute) })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: the operator is warned of %q, want %q", tt.name, got, tt.want)
		}
	}
}
