package pace

import (
	"sync/atomic"
	"time"
)

// RTT is the time that a small request takes to the store and back: the least that was measured of
// late, since a request that takes longer waits for something else. It may be used by several
// goroutines.
type RTT struct{ nanoseconds atomic.Int64 }

// Note adds a measurement. A longer one moves the result by an eighth of the difference.
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
