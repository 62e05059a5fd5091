package memcached

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
)

// Config is the options of a cache in memcached.
type Config struct {
	// Servers are the addresses, host:port, or the path of a socket. All gateways that share the
	// cache name the same, in any order.
	Servers []string `hcl:"servers"`
	// Key is the secret from which values are sealed, the same for all gateways that share the
	// cache.
	Key auth.Secret `hcl:"key"`
	// Timeout is how long a request may take before the gateway goes on without the cache.
	Timeout time.Duration `hcl:"timeout,optional"`
	// Pause is how long a server that has failed is left alone.
	Pause time.Duration `hcl:"pause,optional"`
}

// Kind is this cache as the configuration names it.
func Kind() cache.Kind {
	return cache.Kind{Name: "memcached", Shared: true, Config: func() cache.Config { return DefaultConfig() }}
}

// DefaultConfig returns the defaults.
func DefaultConfig() *Config {
	return &Config{Timeout: 200 * time.Millisecond, Pause: 5 * time.Second}
}

const (
	minKey      = 32 // bytes
	minDistinct = 10 // different characters that a key of random ones has at the very least
	howToMake   = `Make one with "openssl rand -base64 48", keep it in a file that only filegate can read, and write key = file("NAME"); all gateways that share the cache have the same.`
)

// Validate implements [cache.Config].
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	if len(c.Servers) == 0 {
		report("servers", "No memcached server", `Name at least one, such as ["127.0.0.1:11211"].`)
	}
	seen := map[string]bool{}
	for _, s := range c.Servers {
		switch _, _, err := net.SplitHostPort(s); {
		case err != nil && !strings.HasPrefix(s, "/"):
			report("servers", fmt.Sprintf("Bad address %q", s), `Give host and port, such as "127.0.0.1:11211", or the whole path of a socket.`)
		case seen[s]:
			report("servers", fmt.Sprintf("%q is named twice", s), "Name each server once.")
		}
		seen[s] = true
	}
	distinct := map[byte]bool{}
	for _, b := range []byte(c.Key.Reveal()) {
		distinct[b] = true
	}
	switch n := len(c.Key.Reveal()); {
	case n == 0:
		report("key", "No key", "What lies in memcached is sealed with a key. "+howToMake)
	case n < minKey:
		report("key", "Key too short", fmt.Sprintf("It has %d bytes, and %d are the least. %s", n, minKey, howToMake))
	case len(distinct) < minDistinct:
		report("key", "Key too simple", "It is made of few characters over and over, and can be guessed. "+howToMake)
	}
	if c.Timeout < time.Millisecond || c.Timeout > 10*time.Second {
		report("timeout", "Timeout out of range", `Every request of a client may wait for it: give a time from "1ms" to "10s", such as "200ms".`)
	}
	if c.Pause < 100*time.Millisecond || c.Pause > time.Hour {
		report("pause", "Pause out of range", `Give a time from "100ms" to "1h", such as "5s".`)
	}
}

// New implements [cache.Config].
func (c *Config) New(env cache.Env) (cache.Cache, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New("no servers")
	}
	s, err := newSeal(c.Key)
	if err != nil {
		return nil, err
	}
	m := &Cache{seal: s, now: time.Now}
	for _, name := range c.Servers {
		m.servers = append(m.servers, newServer(name, c.Timeout, c.Pause, env.Log))
	}
	return m, nil
}
