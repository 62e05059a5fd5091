package hook

import (
	"sync"
	"time"
)

// lost counts what is dropped, to be logged once in logPause.
type lost struct {
	mu    sync.Mutex
	last  time.Time
	count int
}

// tell calls log with the number of dropped events since the last call, unless that was a short
// time ago.
func (l *lost) tell(log func(count int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	if time.Since(l.last) < logPause {
		return
	}
	log(l.count)
	l.last, l.count = time.Now(), 0
}
