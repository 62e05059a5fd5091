// Package recent remembers recent results and actions for some time, so that they need not be
// repeated.
package recent

import (
	"sync"
	"time"
)

// Keys remembers keys. It may be used by several goroutines.
type Keys struct {
	life time.Duration

	mu    sync.Mutex
	until map[string]time.Time
}

// New returns one that remembers each key for the given time after it was noted.
func New(life time.Duration) *Keys { return &Keys{life: life, until: map[string]time.Time{}} }

// Has reports whether the key is remembered.
func (r *Keys) Has(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.until[key])
}

// Note remembers the key from now on, and reports whether it was not remembered before.
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

// Forget forgets the key.
func (r *Keys) Forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.until, key)
}
