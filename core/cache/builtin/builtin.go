// Package builtin lists the built-in caches.
package builtin

import (
	"filegate/core/cache"
	"filegate/core/cache/memcached"
)

// All returns them.
func All() []cache.Kind {
	return []cache.Kind{cache.MemoryKind(), memcached.Kind()}
}
