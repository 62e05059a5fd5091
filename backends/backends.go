// Package backends lists the built-in backends.
package backends

import (
	"filegate/backends/local"
	"filegate/backends/swift"
	"filegate/core/backend"
)

// All returns them.
func All() []backend.Kind {
	return []backend.Kind{swift.Kind(), local.Kind()}
}
