package ftp

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"filegate/core/frontend"
)

// Kind is this frontend for the list of the built-in ones.
func Kind() frontend.Kind {
	return frontend.Kind{Name: "ftp", Config: func() frontend.Config { return NewConfig() }}
}

// Config is the options of a frontend "ftp".
type Config struct {
	// Listen is where clients connect, as host:port.
	Listen []string `hcl:"listen,optional"`
	// Banner is what clients read when they connect.
	Banner string `hcl:"banner,optional"`
	// Welcome is what clients read when they have logged in, behind what the authenticator says. %u
	// in it is the user's name.
	Welcome string `hcl:"welcome,optional"`
	// Charset is the character set of clients that do not ask for UTF-8 (OPTS UTF8 ON), by its name
	// at IANA. Empty: UTF-8.
	Charset string `hcl:"charset,optional"`
	// TLS says how connections are encrypted.
	TLS TLS `hcl:"tls,block"`
	// Passive says where clients connect for data.
	Passive Passive `hcl:"passive,block"`
	// Active lets clients ask the server to connect to them for data (PORT, EPRT), to their own
	// address only.
	Active bool `hcl:"active,optional"`
	// ActiveDeny is networks that active mode does not connect to, such as "10.0.0.0/8", also where
	// the client itself is there.
	ActiveDeny []string `hcl:"active_deny,optional"`
	// ForeignData is networks that data connections may come from or go to, beside the client's own
	// address: for transfers between two servers, and for clients with several addresses.
	ForeignData []string `hcl:"foreign_data,optional"`

	// MaxConnections is how many clients may be connected at a time.
	MaxConnections int `hcl:"max_connections,optional"`
	// MaxStartups is how many of them may not have logged in yet.
	MaxStartups int `hcl:"max_startups,optional"`
	// Proxy is about proxies that tell who the client is, on control and data connections.
	Proxy frontend.ProxyProtocol `hcl:"proxy_protocol,block"`
	// LoginTimeout is how long a client may take to log in.
	LoginTimeout time.Duration `hcl:"login_timeout,optional"`
	// IdleTimeout is how long a client may send no command while nothing is being transferred.
	IdleTimeout time.Duration `hcl:"idle_timeout,optional"`
	// DataTimeout is how long a data connection may stand still.
	DataTimeout time.Duration `hcl:"data_timeout,optional"`
	// Hangup is what becomes of an upload whose client closes the control connection before the
	// upload is stored, without QUIT: "discard" or "keep".
	Hangup string `hcl:"hangup,optional"`
}

// TLS is the block "tls" of a [Config].
type TLS struct {
	// Mode is "off", "explicit" (the client asks with AUTH TLS, RFC 4217) or "implicit" (TLS from
	// the first byte on).
	Mode string `hcl:"mode,optional"`
	// Cert and Key are PEM files. They are read anew when they change.
	Cert string `hcl:"cert,optional"`
	Key  string `hcl:"key,optional"`
	// MoreCerts is further certificates with their keys: clients that name a host (SNI) get the one
	// that is of it, others the first that they can use.
	MoreCerts map[string]string `hcl:"more_certs,optional"`
	// Required refuses, in explicit mode, logins and data without TLS.
	Required bool `hcl:"required,optional"`
	// CCC lets clients end the encryption of the control connection behind the login (RFC 4217,
	// section 12.3), for firewalls that read it.
	CCC bool `hcl:"ccc,optional"`
	// MinVersion is the lowest version of TLS: "1.0", "1.1", "1.2" or "1.3".
	MinVersion string `hcl:"min_version,optional"`
	// CipherSuites are those to offer of TLS 1.2 and before, by their names in IANA's registry.
	// Empty: what is good.
	CipherSuites []string `hcl:"cipher_suites,optional"`
	// Legacy offers what old devices know, and is weak: TLS 1.0, and suites without forward
	// secrecy.
	Legacy bool `hcl:"legacy,optional"`
	// Resumption is what is wanted of the TLS session of data connections: "optional", or
	// "required" to take none that does not resume a session of their own control connection.
	Resumption string `hcl:"resumption,optional"`
	// CloseNotify is what becomes of an upload over TLS that ends without close_notify (RFC 8446,
	// section 6.1), and may have been cut off on the way. "auto" keeps it while the control
	// connection lives and the client has not sent close_notify before; "required" discards it;
	// "ignored" keeps it.
	CloseNotify string `hcl:"close_notify,optional"`
	// ClientCA is a PEM file of the authorities that sign certificates of clients. Empty: clients
	// are not asked for any. It is read at the start.
	ClientCA string `hcl:"client_ca,optional"`
	// ClientCert is, with ClientCA, what is wanted of clients: "request" or "require". A
	// certificate goes to the authenticators that take one, with the name that USER gives.
	ClientCert string `hcl:"client_cert,optional"`
}

// The modes of TLS.
const (
	off      = "off"
	explicit = "explicit"
	implicit = "implicit"
)

// Passive is the block "passive" of a [Config].
type Passive struct {
	// Ports is the range of ports for data, as "first-last". Empty: any free port.
	Ports string `hcl:"ports,optional"`
	// PublicHost is the IPv4 address, or a name that has one, that clients are told to connect to.
	// Empty: the one that they have connected to already.
	PublicHost string `hcl:"public_host,optional"`
	// PublicHosts is the same for clients of some networks, such as { "10.0.0.0/8" = "10.1.2.3" }.
	PublicHosts map[string]string `hcl:"public_hosts,optional"`
}

var _ frontend.Config = (*Config)(nil)

// NewConfig returns the defaults: without TLS, on port 2021 of this machine only.
func NewConfig() *Config {
	return &Config{
		Listen:         []string{"127.0.0.1:2021"},
		Banner:         "filegate is ready.",
		Welcome:        "You are logged in.",
		TLS:            TLS{Mode: off, Required: true, MinVersion: "1.2", Resumption: optional, CloseNotify: automatic, ClientCert: request},
		Active:         true,
		MaxConnections: 1000,
		MaxStartups:    100,
		LoginTimeout:   time.Minute,
		IdleTimeout:    15 * time.Minute,
		DataTimeout:    5 * time.Minute,
		Hangup:         discard,
	}
}

// Validate implements [frontend.Config]. It reads the certificate.
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	if len(c.Listen) == 0 {
		report("listen", "No address to listen on", `Give at least one, such as "127.0.0.1:2021".`)
	}
	for _, addr := range c.Listen {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			report("listen", fmt.Sprintf("%q is not an address", addr), `Write host:port, or ":port" for all addresses of the machine.`)
		}
	}
	for _, list := range []struct {
		attribute string
		networks  []string
	}{{"active_deny", c.ActiveDeny}, {"foreign_data", c.ForeignData}, {"passive.public_hosts", slices.Sorted(maps.Keys(c.Passive.PublicHosts))}} {
		for _, network := range list.networks {
			if _, err := netip.ParsePrefix(network); err != nil {
				report(list.attribute, fmt.Sprintf("%q is not a network", network), `Write an address and the length of the prefix, such as "10.0.0.0/8".`)
			}
		}
	}
	c.Proxy.ValidateProxy(report)
	c.TLS.validate(report)
	c.Passive.validate(report)
	c.validateHangup(report)
	c.validateCharset(report)
	for _, limit := range []struct {
		name, summary string
		n             int
	}{
		{"max_connections", "No client could connect", c.MaxConnections},
		{"max_startups", "No client could log in", c.MaxStartups},
	} {
		if limit.n < 1 {
			report(limit.name, limit.summary, "Give a number of at least 1.")
		}
	}
	for _, timeout := range []struct {
		name string
		d    time.Duration
	}{{"login_timeout", c.LoginTimeout}, {"idle_timeout", c.IdleTimeout}, {"data_timeout", c.DataTimeout}} {
		if timeout.d < time.Second {
			report(timeout.name, fmt.Sprintf("%v is too short", timeout.d), `Give at least "1s".`)
		}
	}
}

func (t *TLS) validate(report func(attribute, summary, detail string)) {
	t.validateSuites(report)
	if _, ok := tlsVersion(t.MinVersion); !ok {
		report("tls.min_version", fmt.Sprintf("There is no TLS version %q", t.MinVersion), `There are "1.0", "1.1", "1.2" and "1.3".`)
	}
	switch t.Mode {
	case explicit, implicit:
		if t.Cert == "" {
			report("tls.cert", "TLS needs a certificate", "Give the file with the certificate chain in PEM form.")
		}
		if t.Key == "" {
			report("tls.key", "TLS needs a private key", "Give the file with the certificate's private key in PEM form.")
		}
	case off:
		if t.Cert != "" || t.Key != "" || len(t.MoreCerts) > 0 {
			report("tls.mode", "There is a certificate, but TLS is off", `Write mode = "explicit" or "implicit", or leave out cert and key.`)
		}
	default:
		report("tls.mode", fmt.Sprintf("There is no TLS mode %q", t.Mode), `There are "off", "explicit" and "implicit".`)
	}
	t.validateClientCert(report)
	t.validateCloseNotify(report)
	t.validateSessions(report)
	for i, pair := range t.pairs() {
		if pair.cert == "" || pair.key == "" {
			continue
		}
		if _, err := newCertificate(pair.cert, pair.key, nil); err != nil {
			attribute := "tls.cert"
			switch {
			case i > 0:
				attribute = "tls.more_certs"
			case err.inKey:
				attribute = "tls.key"
			}
			report(attribute, err.summary, err.detail)
		}
	}
}

func (t *TLS) validateClientCert(report func(attribute, summary, detail string)) {
	switch {
	case t.ClientCert != request && t.ClientCert != require:
		report("tls.client_cert", fmt.Sprintf("%q is nothing to do about certificates of clients", t.ClientCert), `There are "request" and "require".`)
	case t.ClientCert == require && t.ClientCA == "":
		report("tls.client_ca", "Nobody signs the certificates that clients must have", "Give the file with the authority's certificate in PEM form.")
	case t.ClientCA != "" && t.Mode == off:
		report("tls.client_ca", "Clients are to have certificates, but TLS is off", `Write mode = "explicit" or "implicit", or leave out client_ca.`)
	case t.ClientCA != "" && t.Mode == explicit && !t.Required && t.ClientCert == require:
		report("tls.required", "Clients without TLS need no certificate", `Leave out required = false, or write client_cert = "request".`)
	}
	if t.ClientCA == "" {
		return
	}
	if _, err := loadClientCA(t.ClientCA); err != nil {
		report("tls.client_ca", "The authorities' certificates cannot be read", readable(err))
	}
}

func tlsVersion(name string) (uint16, bool) {
	v, ok := map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[name]
	return v, ok
}

func (p *Passive) validate(report func(attribute, summary, detail string)) {
	if _, _, err := p.ports(); err != nil {
		report("passive.ports", "The ports cannot be used: "+err.Error(), `Write the first and the last port, such as "60000-60100".`)
	}
	validatePublicHost("passive.public_host", p.PublicHost, report)
	for _, network := range slices.Sorted(maps.Keys(p.PublicHosts)) {
		validatePublicHost("passive.public_hosts", p.PublicHosts[network], report)
	}
}

func validatePublicHost(attribute, host string, report func(attribute, summary, detail string)) {
	if addr, err := netip.ParseAddr(host); err == nil && !addr.Unmap().Is4() {
		report(attribute, fmt.Sprintf("%s is not an IPv4 address", addr),
			"Only clients that come by IPv4 are told an address (PASV): give that one. Those that come by IPv6 connect to the address that they know.")
	} else if err != nil && strings.ContainsAny(host, ": /") {
		report(attribute, fmt.Sprintf("%q is neither an address nor a host name", host), `Write it without port and scheme, such as "ftp.example.net".`)
	}
}

// ports returns the range, or zeros where there is none.
func (p *Passive) ports() (first, last int, err error) {
	if p.Ports == "" {
		return 0, 0, nil
	}
	from, to, ok := strings.Cut(p.Ports, "-")
	if !ok {
		return 0, 0, fmt.Errorf("%q is not a range of ports", p.Ports)
	}
	for _, part := range []struct {
		text string
		port *int
	}{{from, &first}, {to, &last}} {
		n, err := strconv.ParseUint(strings.TrimSpace(part.text), 10, 16)
		if err != nil || n == 0 {
			return 0, 0, fmt.Errorf("%q is not a port", strings.TrimSpace(part.text))
		}
		*part.port = int(n)
	}
	if first > last {
		return 0, 0, fmt.Errorf("the range %q ends before it begins", p.Ports)
	}
	return first, last, nil
}

// New implements [frontend.Config].
func (c *Config) New(env frontend.Env) (frontend.Server, error) {
	var problem error
	c.Validate(func(attribute, summary, detail string) {
		if problem == nil {
			problem = fmt.Errorf("%s: %s: %s", attribute, summary, detail)
		}
	})
	if problem != nil {
		return nil, problem
	}
	s := newServer(env, *c)
	var err error
	if s.activeDeny, err = prefixes(c.ActiveDeny); err != nil {
		return nil, err
	}
	if s.foreign, err = prefixes(c.ForeignData); err != nil {
		return nil, err
	}
	if s.dataPorts.first, s.dataPorts.last, err = c.Passive.ports(); err != nil {
		return nil, err
	}
	if s.public, err = newPublicHosts(c.Passive.PublicHost, c.Passive.PublicHosts); err != nil {
		return nil, err
	}
	old, err := newCharset(c.Charset)
	if err != nil {
		return nil, err
	}
	if old != nil {
		s.old = newNaming(old)
	}
	if c.TLS.Mode != off {
		if s.tls, err = c.TLS.serverConfig(env.Log); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func prefixes(networks []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, network := range networks {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, err
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}
