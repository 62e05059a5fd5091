package ssh

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/core/auth"
	"filegate/core/frontend"
)

// Kind returns the frontend kind "ssh" with the services that it can offer.
func Kind(services ...Service) frontend.Kind {
	return frontend.Kind{Name: "ssh", Config: func() frontend.Config { return NewConfig(services...) }}
}

// Config holds the options of a frontend "ssh" block.
type Config struct {
	// Listen lists the addresses to listen on, each host:port. Port 0 takes a free port.
	Listen []string `hcl:"listen,optional"`
	// HostKeys lists the files of the server's private keys, in OpenSSH or PEM format, without a
	// passphrase, at most one each of the types ed25519, ecdsa and rsa. A directory stands for all
	// private keys in it.
	HostKeys []string `hcl:"host_keys"`
	// Services lists the services that clients may use.
	Services []string `hcl:"services,optional"`
	// Banner is shown to clients before they log in.
	Banner string `hcl:"banner,optional"`

	// MaxConnections is the number of clients that may be connected at a time.
	MaxConnections int `hcl:"max_connections,optional"`
	// MaxStartups is the number of clients that may be logging in at a time.
	MaxStartups int `hcl:"max_startups,optional"`
	// Proxy lists the proxies that pass on the client's address.
	Proxy frontend.ProxyProtocol `hcl:"proxy_protocol,block"`
	// LoginTimeout is how long a client may take to log in.
	LoginTimeout time.Duration `hcl:"login_timeout,optional"`
	// Keepalive is the interval at which a quiet client is asked whether it is alive. A client that
	// has sent nothing, or has read nothing, for three intervals is disconnected. 0: off.
	Keepalive time.Duration `hcl:"keepalive,optional"`
	// IdleTimeout is how long a logged-in client may do nothing. 0: without limit while it has a
	// channel open.
	IdleTimeout time.Duration `hcl:"idle_timeout,optional"`
	// Version is the software version in the server's identification.
	Version string `hcl:"version,optional"`
	// Legacy offers the weak algorithms of old devices: see offered in algorithms.go.
	Legacy bool `hcl:"legacy,optional"`

	// Ciphers, KeyExchanges and MACs are the algorithms to offer, by their SSH names. Empty: the
	// secure ones, see offered in algorithms.go.
	Ciphers      []string `hcl:"ciphers,optional"`
	KeyExchanges []string `hcl:"kex,optional"`
	MACs         []string `hcl:"macs,optional"`

	available []Service
}

var (
	_ frontend.Config = (*Config)(nil)
	_ frontend.Warner = (*Config)(nil)
)

// NewConfig returns the defaults: all services, on port 8022 of the loopback address. There is no
// default for the host keys.
func NewConfig(services ...Service) *Config {
	c := &Config{
		Listen:         []string{"127.0.0.1:8022"},
		MaxConnections: 1000,
		MaxStartups:    100,
		LoginTimeout:   time.Minute,
		Keepalive:      30 * time.Second,
		Version:        "filegate",
		available:      services,
	}
	for _, s := range services {
		c.Services = append(c.Services, s.Name())
	}
	return c
}

// Validate implements [frontend.Config]. It also reads the host keys.
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	if len(c.Listen) == 0 {
		report("listen", "No address to listen on", `Give at least one, such as "127.0.0.1:8022".`)
	}
	for _, addr := range c.Listen {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			report("listen", fmt.Sprintf("%q is not an address", addr), `Write host:port, or ":port" for all addresses of the machine.`)
		}
	}
	c.Proxy.ValidateProxy(report)
	loadHostKeys(c.HostKeys, c.Legacy, report)
	c.validateServices(report)
	for _, limit := range []struct {
		name string
		n    int
	}{{"max_connections", c.MaxConnections}, {"max_startups", c.MaxStartups}} {
		if limit.n < 1 {
			report(limit.name, "No client could connect", "Give a number of at least 1.")
		}
	}
	for _, d := range []struct {
		name string
		d    time.Duration
		off  bool // 0 switches it off
	}{{"login_timeout", c.LoginTimeout, false}, {"keepalive", c.Keepalive, true}, {"idle_timeout", c.IdleTimeout, true}} {
		switch {
		case d.d >= time.Second || d.off && d.d == 0:
		case d.off:
			report(d.name, fmt.Sprintf("%v is too short", d.d), `Give at least "1s", or "0s" for never.`)
		default:
			report(d.name, fmt.Sprintf("%v is too short", d.d), `Give at least "1s".`)
		}
	}
	if !validVersion(c.Version) {
		report("version", fmt.Sprintf("%q cannot be a version", c.Version), fmt.Sprintf("Give 1 to %d printable ASCII characters that do not begin with a space or a minus.", maxVersion))
	}
	supported, insecure := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	validateAlgorithms("ciphers", c.Ciphers, slices.Concat(supported.Ciphers, insecure.Ciphers), report)
	validateAlgorithms("kex", c.KeyExchanges, slices.Concat(supported.KeyExchanges, insecure.KeyExchanges), report)
	validateAlgorithms("macs", c.MACs, slices.Concat(supported.MACs, insecure.MACs), report)
}

// maxVersion is the longest version in bytes: the line has at most 255 bytes (RFC 4253, section
// 4.2), including "SSH-2.0-" and the line end.
const maxVersion = 255 - len(protocol) - len("\r\n")

func validVersion(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxVersion && s[0] != ' ' && s[0] != '-'
}

// Needs implements [frontend.Needer].
func (c *Config) Needs() frontend.Needs {
	return frontend.Needs{Files: c.MaxConnections, Public: frontend.Public(c.Listen)}
}

// Warn implements [frontend.Warner].
func (c *Config) Warn(report func(attribute, summary, detail string)) {
	if c.Legacy {
		report("legacy", "Weak algorithms are offered to old devices",
			"Clients may use ssh-rsa, SHA-1 and CBC, and a man in the middle can downgrade other clients to them. Give such devices their own frontend.")
	}
	for _, list := range []struct {
		attribute string
		names     []string
	}{{"ciphers", c.Ciphers}, {"kex", c.KeyExchanges}, {"macs", c.MACs}} {
		for _, name := range list.names {
			if weak(name) {
				report(list.attribute, fmt.Sprintf("%q is weak, or lets strangers load the server at no cost", name), "Remove it, unless one of your devices supports nothing else.")
			}
		}
	}
}

func (c *Config) validateServices(report func(attribute, summary, detail string)) {
	known := make([]string, len(c.available))
	for i, s := range c.available {
		known[i] = s.Name()
	}
	if len(c.Services) == 0 {
		report("services", "Nothing to serve", "Name at least one of "+strings.Join(known, ", ")+".")
	}
	for _, name := range c.Services {
		if !slices.Contains(known, name) {
			report("services", fmt.Sprintf("There is no service %q", name), "There are "+strings.Join(known, ", ")+".")
		}
	}
}

func validateAlgorithms(attribute string, names, known []string, report func(attribute, summary, detail string)) {
	for _, name := range names {
		if !slices.Contains(known, name) {
			report(attribute, fmt.Sprintf("Unknown algorithm %q", name), "There are "+strings.Join(known, ", ")+".")
		}
	}
}

// New implements [frontend.Config].
func (c *Config) New(env frontend.Env) (frontend.Server, error) {
	var problem error
	keys := loadHostKeys(c.HostKeys, c.Legacy, func(_, summary, detail string) {
		if problem == nil {
			problem = fmt.Errorf("%s: %s", summary, detail)
		}
	})
	if problem != nil {
		return nil, problem
	}
	// While nothing is known of an authenticator, it may still turn out to support a method.
	if methods := env.Methods(); len(methods) > 0 && noneOf((&login{}).callbacks(methods)) {
		return nil, fmt.Errorf("no login is possible: its authenticators support %s, and SSH supports %s, %s and %s", methods, auth.Password, auth.PublicKey, auth.Interactive)
	}
	s := &Server{env: env, loginTimeout: c.LoginTimeout, keepalive: c.Keepalive, idleTimeout: c.IdleTimeout}
	s.Clients = frontend.NewClients("ssh "+env.Name, env, frontend.ClientsConfig{
		Listen: c.Listen, MaxConnections: c.MaxConnections, MaxStartups: c.MaxStartups, Proxy: &c.Proxy,
	}, s)
	for _, service := range c.available {
		if slices.Contains(c.Services, service.Name()) {
			s.services = append(s.services, service)
		}
	}
	s.anyCipher = len(c.Ciphers) == 0
	a := offered(c.Legacy)
	a.ciphers, a.kex, a.macs = orDefault(c.Ciphers, a.ciphers), orDefault(c.KeyExchanges, a.kex), orDefault(c.MACs, a.macs)
	s.ssh = sshConfig(keys, a, c.Version)
	if banner := strings.TrimRight(c.Banner, "\r\n"); banner != "" {
		s.ssh.BannerCallback = func(ssh.ConnMetadata) string { return banner + "\r\n" }
	}
	return s, nil
}
