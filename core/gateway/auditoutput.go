package gateway

import (
	"sync"
	"time"
)

// auditPause is the interval at which failures to write audit records are logged. In between they
// are only counted.
const auditPause = time.Minute

// auditFailed returns the function that logs records that could not be written, once in auditPause.
func (l *Logs) auditFailed() func(error) {
	var (
		mu   sync.Mutex
		last time.Time
		lost int
	)
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		lost++
		l.lost.Add(1)
		if time.Since(last) < auditPause {
			return
		}
		l.Error("records of the audit log are lost", "count", lost, "err", err)
		last, lost = time.Now(), 0
	}
}

// auditOutput is the current output of the audit log. If it is nil, records are dropped.
type auditOutput struct {
	mu  sync.RWMutex
	out output
}

// Write implements [io.Writer].
func (a *auditOutput) Write(line []byte) (int, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.out == nil {
		return len(line), nil
	}
	return a.out.Write(line)
}

func (a *auditOutput) set(out output) error {
	a.mu.Lock()
	old := a.out
	a.out = out
	a.mu.Unlock()
	if old == nil {
		return nil
	}
	return old.Close()
}

func (a *auditOutput) reopen() error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.out == nil {
		return nil
	}
	return a.out.reopen()
}
