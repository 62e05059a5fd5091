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

// Kind returns the frontend kind "ftp".
func Kind() frontend.Kind {
	return frontend.Kind{Name: "ftp", Config: func() frontend.Config { return NewConfig() }}
}

// Config holds the options of a frontend "ftp" block.
type Config struct {
	// Listen lists the addresses to listen on, each host:port.
	Listen []string `hcl:"listen,optional"`
	// Banner is the text for clients that have connected.
	Banner string `hcl:"banner,optional"`
	// Welcome is the text for clients that have logged in, after the message of the authenticator.
	// %u in it is replaced by the user's name.
	Welcome string `hcl:"welcome,optional"`
	// Charset is the IANA name of the character set for clients that do not request UTF-8 (OPTS
	// UTF8 ON). Empty: UTF-8.
	Charset string `hcl:"charset,optional"`
	// TLS holds the options for encryption.
	TLS TLS `hcl:"tls,block"`
	// Passive holds the options for passive data connections.
	Passive Passive `hcl:"passive,block"`
	// Active permits active mode (PORT, EPRT): the client makes the server connect to the client's
	// own address.
	Active bool `hcl:"active,optional"`
	// ActiveDeny lists networks to which active mode does not connect, such as "10.0.0.0/8", even
	// if the client is there.
	ActiveDeny []string `hcl:"active_deny,optional"`
	// ForeignData lists networks that data connections may come from or go to, in addition to the
	// client's own address: for transfers between two servers, and for clients with several
	// addresses.
	ForeignData []string `hcl:"foreign_data,optional"`

	// MaxConnections is the number of clients that may be connected at a time.
	MaxConnections int `hcl:"max_connections,optional"`
	// MaxStartups is the number of clients that may be connected and not logged in.
	MaxStartups int `hcl:"max_startups,optional"`
	// Proxy lists the proxies that pass on the client's address, on control and data connections.
	Proxy frontend.ProxyProtocol `hcl:"proxy_protocol,block"`
	// LoginTimeout is how long a client may take to log in.
	LoginTimeout time.Duration `hcl:"login_timeout,optional"`
	// IdleTimeout is how long a client may send no command while no transfer is running.
	IdleTimeout time.Duration `hcl:"idle_timeout,optional"`
	// DataTimeout is how long a data connection may move no data.
	DataTimeout time.Duration `hcl:"data_timeout,optional"`
	// Hangup decides about an upload whose client closes the control connection without QUIT before
	// the upload is stored: "discard" or "keep".
	Hangup string `hcl:"hangup,optional"`
}

// TLS is the block "tls" of a [Config].
type TLS struct {
	// Mode is "off", "explicit" (the client asks with AUTH TLS, RFC 4217) or "implicit" (TLS from
	// the first byte on).
	Mode string `hcl:"mode,optional"`
	// Cert and Key are PEM files. They are loaded again when they change.
	Cert string `hcl:"cert,optional"`
	Key  string `hcl:"key,optional"`
	// MoreCerts maps further certificate files to their keys. A client that sends a host name (SNI)
	// gets the certificate of this host, other clients get the first one that they can use.
	MoreCerts map[string]string `hcl:"more_certs,optional"`
	// Required refuses logins and data without TLS, in explicit mode.
	Required bool `hcl:"required,optional"`
	// CCC permits clients to end the encryption of the control connection after the login (RFC
	// 4217, section 12.3), for firewalls that read it.
	CCC bool `hcl:"ccc,optional"`
	// MinVersion is the lowest version of TLS: "1.0", "1.1", "1.2" or "1.3".
	MinVersion string `hcl:"min_version,optional"`
	// CipherSuites lists the cipher suites for TLS 1.2 and earlier, by their IANA names. Empty: the
	// secure ones.
	CipherSuites []string `hcl:"cipher_suites,optional"`
	// Legacy offers the weak TLS of old devices: TLS 1.0, and cipher suites without forward
	// secrecy.
	Legacy bool `hcl:"legacy,optional"`
	// Resumption is "optional", or "required" to refuse data connections that do not resume a TLS
	// session of their own control connection.
	Resumption string `hcl:"resumption,optional"`
	// CloseNotify decides about an upload over TLS that ends without close_notify (RFC 8446,
	// section 6.1), and so may have been cut off. "auto" keeps it if the control connection is
	// still open and the client has not sent close_notify before; "required" discards it; "ignored"
	// keeps it.
	CloseNotify string `hcl:"close_notify,optional"`
	// ClientCA is a PEM file of the authorities that sign client certificates. It is read at the
	// start. Empty: clients are not asked for a certificate.
	ClientCA string `hcl:"client_ca,optional"`
	// ClientCert is "request" or "require"; it applies if ClientCA is set. A certificate is passed
	// to the authenticators that support certificates, with the name in USER.
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
	// Ports is the range of ports for data connections, as "first-last". Empty: any free port.
	Ports string `hcl:"ports,optional"`
	// PublicHost is the IPv4 address, or a name that resolves to one, that clients are told to
	// connect to. Empty: the address to which the client has connected.
	PublicHost string `hcl:"public_host,optional"`
	// PublicHosts is PublicHost for clients in certain networks, such as { "10.0.0.0/8" =
	// "10.1.2.3" }.
	PublicHosts map[string]string `hcl:"public_hosts,optional"`
}

var _ frontend.Config = (*Config)(nil)

// NewConfig returns the defaults: without TLS, on port 2021 of the loopback address.
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

// Validate implements [frontend.Config]. It also reads the certificate.
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
		report("tls.client_cert", fmt.Sprintf("Unknown value %q", t.ClientCert), `Use "request" or "require".`)
	case t.ClientCert == require && t.ClientCA == "":
		report("tls.client_ca", "client_cert needs client_ca", "Set client_ca to the file with the authority's certificate in PEM form.")
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
			"Set the IPv4 address. It is used in replies to PASV only; with EPSV, clients connect to the address of the control connection.")
	} else if err != nil && strings.ContainsAny(host, ": /") {
		report(attribute, fmt.Sprintf("%q is neither an address nor a host name", host), `Write it without port and scheme, such as "ftp.example.net".`)
	}
}

// ports returns the range, or zeros if there is none.
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
