package swift

import (
	"sync"
	"time"
)

// recent remembers for a time what has been found, or done, so that it need not be again.
type recent struct {
	life time.Duration

	mu    sync.Mutex
	until map[string]time.Time
}

func newRecent(life time.Duration) *recent { return &recent{life: life, until: map[string]time.Time{}} }

func (r *recent) has(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.until[key])
}

// note remembers the key, and says whether it was forgotten.
func (r *recent) note(key string) bool {
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

func (r *recent) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.until, key)
}
