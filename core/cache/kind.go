package cache

import "log/slog"

// Kind is a cache that is built in, as the configuration names it: cache "memcached" { … }.
type Kind struct {
	Name string
	// Shared says that what one process keeps there, others see. A gateway has at most one such
	// cache.
	Shared bool
	// Config returns a pointer to a struct of the cache's options with the defaults filled in. Its
	// fields carry hcl tags; see core/config for the types that they may have.
	Config func() Config
}

// Config is a cache's options, decoded.
type Config interface {
	// Validate reports each mistake by the attribute that it is in: what is wrong, and what to do.
	Validate(report func(attribute, summary, detail string))
	// New makes the cache. It does not wait for the network. What it returns may be an [io.Closer]
	// too.
	New(env Env) (Cache, error)
}

// Env is what the gateway gives to a cache.
type Env struct {
	Log *slog.Logger
}
