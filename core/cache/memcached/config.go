package memcached

import (
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/cache/remote"
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
	return &Config{Timeout: remote.DefaultTimeout, Pause: remote.DefaultPause}
}

func (c *Config) options(env cache.Env) remote.Options {
	return remote.Options{
		Kind: "memcached", Servers: c.Servers, Secret: c.Key, Pause: c.Pause, Env: env,
		Open: func(server string) (remote.Store, error) { return newStore(server, c.Timeout), nil },
	}
}

// Validate implements [cache.Config].
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	remote.Check(c.options(cache.Env{}), c.Timeout, "127.0.0.1:11211", report)
}

// New implements [cache.Config].
func (c *Config) New(env cache.Env) (cache.Cache, error) {
	made, err := remote.New(c.options(env))
	if err != nil {
		return nil, err
	}
	return made, nil
}
