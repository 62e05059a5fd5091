// Package builtin lists the built-in caches. The program filegate passes the list to the
// configuration. To add a cache, add its Kind to [All]. The package has no other code, and no tests
// of its own; package cachetest is the suite of all caches.
package builtin

import (
	"filegate/core/cache"
	"filegate/core/cache/memcached"
	"filegate/core/cache/redis"
)

// All returns the kinds of the built-in caches.
func All() []cache.Kind {
	return []cache.Kind{cache.MemoryKind(), memcached.Kind(), redis.Kind()}
}
