package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/remote"
)

// Config is the options of a cache in Redis.
type Config struct {
	// Servers are the addresses, host:port, or the path of a socket. All gateways that share the
	// cache name the same, in any order.
	Servers []string `hcl:"servers"`
	// Key is the secret with which values are sealed, the same for all gateways that share the
	// cache.
	Key auth.Secret `hcl:"key"`
	// User is the user of the servers' access control list. Empty: "default".
	User     string      `hcl:"user,optional"`
	Password auth.Secret `hcl:"password,optional"`
	// TLS encrypts the connections. Nil: clear text.
	TLS *TLS `hcl:"tls,block"`
	// Timeout is how long a request may take, with the connection that it may need, before the
	// gateway goes on without the cache.
	Timeout time.Duration `hcl:"timeout,optional"`
	// Pause is how long a server that has failed is not asked.
	Pause time.Duration `hcl:"pause,optional"`
}

// TLS is the encryption of the connections to the servers.
type TLS struct {
	// CAFile has the certificates of the authorities that sign the servers' ones. Empty: the
	// system's.
	CAFile string `hcl:"ca_file,optional"`
	// ServerName is the name in the servers' certificates. Empty: the host in the address.
	ServerName string `hcl:"server_name,optional"`
	// Cert and Key are the files of the gateway's own certificate.
	Cert string `hcl:"cert,optional"`
	Key  string `hcl:"key,optional"`
}

// Kind is this cache as the configuration names it.
func Kind() cache.Kind {
	return cache.Kind{Name: "redis", Shared: true, Config: func() cache.Config { return DefaultConfig() }}
}

// DefaultConfig returns the defaults.
func DefaultConfig() *Config {
	return &Config{Timeout: remote.DefaultTimeout, Pause: remote.DefaultPause}
}

// Validate implements [cache.Config].
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	remote.Check(remote.Options{Kind: "redis", Servers: c.Servers, Secret: c.Key, Pause: c.Pause}, c.Timeout, "127.0.0.1:6379", report)
	if c.User != "" && c.Password.Reveal() == "" {
		report("password", "No password", "The user has none: give its password, or leave user out.")
	}
	if c.TLS == nil {
		return
	}
	for _, s := range c.Servers {
		if strings.HasPrefix(s, "/") {
			report("servers", "TLS over a socket", fmt.Sprintf("%s is on this machine, and Redis speaks no TLS over it: drop the block tls.", s))
		}
	}
	if _, err := c.TLS.config(); err != nil {
		report("tls", "TLS cannot be used", err.Error())
	}
}

// config returns the configuration of the connections, nil for clear text.
func (t *TLS) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		text, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file cannot be read: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca_file: %s has no certificates in PEM", t.CAFile)
		}
	}
	if t.Cert != "" || t.Key != "" {
		own, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("cert and key cannot be used: %w: give files of a certificate chain and of its private key in PEM", err)
		}
		cfg.Certificates = []tls.Certificate{own}
	}
	return cfg, nil
}

// New implements [cache.Config].
func (c *Config) New(env cache.Env) (cache.Cache, error) {
	t, err := c.TLS.config()
	if err != nil {
		return nil, err
	}
	made, err := remote.New(remote.Options{
		Kind: "redis", Servers: c.Servers, Secret: c.Key, Pause: c.Pause, Env: env,
		Open: func(server string) (remote.Store, error) { return newStore(server, c, dialer(t)), nil },
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}
