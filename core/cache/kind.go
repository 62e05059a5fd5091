package cache

import "log/slog"

// Kind is a built-in cache under its name in the configuration: cache "memcached" { … }.
type Kind struct {
	Name string
	// Shared reports whether several processes share the cache. A gateway has at most one shared
	// cache.
	Shared bool
	// Config returns a pointer to a struct with the cache's options, set to their defaults. Its
	// fields have hcl tags; see core/config for their types.
	Config func() Config
}

// Config is the decoded options of a cache.
type Config interface {
	// Validate reports each mistake with its attribute, what is wrong, and what to do.
	Validate(report func(attribute, summary, detail string))
	// New creates the cache. It does not wait for the network. The cache may also be an
	// [io.Closer].
	New(env Env) (Cache, error)
}

// Env is the environment that the gateway gives to a cache.
type Env struct {
	Log *slog.Logger
}
