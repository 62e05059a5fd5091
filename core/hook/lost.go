package hook

import (
	"sync"
	"time"
)

// lost counts dropped events and failed requests, which are logged at most once per logPause.
type lost struct {
	mu    sync.Mutex
	last  time.Time
	count int
}

// tell counts one more, and calls log with the number since the last call, unless the last call was
// less than logPause ago.
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
