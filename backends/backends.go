// Package backends lists the built-in backends. The program filegate passes the list to the
// configuration. To add a backend, add its Kind to [All]. The package has no other code, and no
// tests of its own.
package backends

import (
	"filegate/backends/local"
	"filegate/backends/swift"
	"filegate/core/backend"
)

// All returns the kinds of the built-in backends.
func All() []backend.Kind {
	return []backend.Kind{swift.Kind(), local.Kind()}
}
