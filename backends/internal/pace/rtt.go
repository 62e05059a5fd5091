package pace

import (
	"sync/atomic"
	"time"
)

// RTT is the round-trip time of a small request to the store: the smallest recent measurement,
// because slower requests have waited for something else. It is safe for concurrent use.
type RTT struct{ nanoseconds atomic.Int64 }

// Note adds a measurement. A longer one raises the result by an eighth of the difference.
func (t *RTT) Note(took time.Duration) {
	if old := t.Get(); old > 0 && took > old {
		took = old + (took-old)/8
	}
	t.Set(took)
}

// Set replaces all measurements by one.
func (t *RTT) Set(took time.Duration) { t.nanoseconds.Store(int64(took)) }

// Get returns the time, or 0 before the first measurement.
func (t *RTT) Get() time.Duration { return time.Duration(t.nanoseconds.Load()) }
