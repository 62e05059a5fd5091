// Package recent remembers keys for a fixed time, such as the names of recent actions, so that a
// backend does not repeat an action. The memory is of this process only. The package has no tests
// of its own; the tests of backends/swift cover it.
package recent

import (
	"sync"
	"time"
)

// Keys is a set of keys that expire. It is safe for concurrent use.
type Keys struct {
	life time.Duration

	mu    sync.Mutex
	until map[string]time.Time
}

// New returns a set in which each key stays for life after it was noted.
func New(life time.Duration) *Keys { return &Keys{life: life, until: map[string]time.Time{}} }

// Has reports whether key is in the set.
func (r *Keys) Has(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.until[key])
}

// Note adds key or renews it, and reports whether it was not in the set.
func (r *Keys) Note(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for k, t := range r.until {
		if now.After(t) {
			delete(r.until, k)
		}
	}
	_, known := r.until[key]
	r.until[key] = now.Add(r.life)
	return !known
}

// Forget removes key.
func (r *Keys) Forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.until, key)
}
