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

// Kind is the frontend "ssh" with the services that it can offer.
func Kind(services ...Service) frontend.Kind {
	return frontend.Kind{Name: "ssh", Config: func() frontend.Config { return NewConfig(services...) }}
}

// Config is the options of a frontend "ssh" block.
type Config struct {
	// Listen is the addresses to listen on, host:port each. Port 0 takes a free one.
	Listen []string `hcl:"listen,optional"`
	// HostKeys is the files of the server's private keys, in OpenSSH's or PEM form, without passphrase, at most one of a type: ed25519, ecdsa, rsa.
	HostKeys []string `hcl:"host_keys"`
	// Services is what clients may use.
	Services []string `hcl:"services,optional"`
	// Banner is shown to clients before they log in.
	Banner string `hcl:"banner,optional"`

	// MaxConnections is how many clients may be connected at a time.
	MaxConnections int `hcl:"max_connections,optional"`
	// MaxStartups is how many of them may be about to log in.
	MaxStartups int `hcl:"max_startups,optional"`
	// LoginTimeout is how long a client may take to log in.
	LoginTimeout time.Duration `hcl:"login_timeout,optional"`
	// Keepalive is how often a client is asked whether it is alive. One that has not answered for three times that long, or taken no data, is hung up on.
	Keepalive time.Duration `hcl:"keepalive,optional"`

	// Ciphers, KeyExchanges and MACs are the algorithms to offer, by their names in SSH. Empty: what is good, see defaults in algorithms.go.
	Ciphers      []string `hcl:"ciphers,optional"`
	KeyExchanges []string `hcl:"kex,optional"`
	MACs         []string `hcl:"macs,optional"`

	available []Service
}

var _ frontend.Config = (*Config)(nil)

// NewConfig returns the defaults: all of the services, on port 8022 of this machine only. The host keys have none.
func NewConfig(services ...Service) *Config {
	c := &Config{
		Listen:         []string{"127.0.0.1:8022"},
		MaxConnections: 1000,
		MaxStartups:    100,
		LoginTimeout:   time.Minute,
		Keepalive:      30 * time.Second,
		available:      services,
	}
	for _, s := range services {
		c.Services = append(c.Services, s.Name())
	}
	return c
}

// Validate implements [frontend.Config]. It reads the host keys.
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	if len(c.Listen) == 0 {
		report("listen", "No address to listen on", `Give at least one, such as "127.0.0.1:8022".`)
	}
	for _, addr := range c.Listen {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			report("listen", fmt.Sprintf("%q is not an address", addr), `Write host:port, or ":port" for all addresses of the machine.`)
		}
	}
	loadHostKeys(c.HostKeys, report)
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
	}{{"login_timeout", c.LoginTimeout}, {"keepalive", c.Keepalive}} {
		if d.d < time.Second {
			report(d.name, fmt.Sprintf("%v is too short", d.d), `Give at least "1s".`)
		}
	}
	supported, insecure := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	validateAlgorithms("ciphers", c.Ciphers, slices.Concat(supported.Ciphers, insecure.Ciphers), report)
	validateAlgorithms("kex", c.KeyExchanges, slices.Concat(supported.KeyExchanges, insecure.KeyExchanges), report)
	validateAlgorithms("macs", c.MACs, slices.Concat(supported.MACs, insecure.MACs), report)
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
	keys := loadHostKeys(c.HostKeys, func(_, summary, detail string) {
		if problem == nil {
			problem = fmt.Errorf("%s: %s", summary, detail)
		}
	})
	if problem != nil {
		return nil, problem
	}
	// An authenticator of which nothing is known yet may still turn out to have one.
	if methods := env.Methods(); len(methods) > 0 && noneOf((&login{}).callbacks(methods)) {
		return nil, fmt.Errorf("nobody could log in: its authenticators do %s, and SSH has %s, %s and %s", methods, auth.Password, auth.PublicKey, auth.Interactive)
	}
	s := newServer(env, c.Listen)
	s.maxConnections, s.maxStartups = c.MaxConnections, c.MaxStartups
	s.loginTimeout, s.keepalive = c.LoginTimeout, c.Keepalive
	for _, service := range c.available {
		if slices.Contains(c.Services, service.Name()) {
			s.services = append(s.services, service)
		}
	}
	s.anyCipher = len(c.Ciphers) == 0
	s.ssh = sshConfig(keys, c.Ciphers, c.KeyExchanges, c.MACs)
	if banner := strings.TrimRight(c.Banner, "\r\n"); banner != "" {
		s.ssh.BannerCallback = func(ssh.ConnMetadata) string { return banner + "\r\n" }
	}
	return s, nil
}
