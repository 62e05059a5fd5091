package swifttest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// timestamp is a time in Swift's unit: ten microseconds since 1970.
type timestamp int64

const ticksPerSecond = 100_000

// String returns the form of X-Timestamp.
func (t timestamp) String() string {
	return fmt.Sprintf("%010d.%05d", t/ticksPerSecond, t%ticksPerSecond)
}

func (t timestamp) time() time.Time {
	return time.Unix(int64(t/ticksPerSecond), int64(t%ticksPerSecond)*10_000).UTC()
}

// ceil returns the time rounded up to the second, as in Last-Modified and in conditions.
func (t timestamp) ceil() time.Time {
	return time.Unix(int64((t+ticksPerSecond-1)/ticksPerSecond), 0).UTC()
}

// lastModified returns the form of the Last-Modified header.
func (t timestamp) lastModified() string { return t.ceil().Format(http.TimeFormat) }

// listed returns the form of last_modified in a listing.
func (t timestamp) listed() string { return t.time().Format("2006-01-02T15:04:05.000000") }

// clock returns strictly increasing times.
type clock struct {
	ahead time.Duration // of this machine's clock; negative: behind
	mu    sync.Mutex
	last  timestamp
}

// wall returns the time of day, which may be the same for several calls.
func (c *clock) wall() time.Time { return time.Now().Add(c.ahead) }

func (c *clock) now() timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(timestamp(c.wall().UnixMicro()/10), c.last+1)
	return c.last
}

// Later sets the clock forward.
func (s *Server) Later(d time.Duration) { s.clock.later(d) }

func (c *clock) later(d time.Duration) { c.passed(c.now() + timestamp(d.Microseconds()/10)) }

// passed makes the clock return only times after t.
func (c *clock) passed(t timestamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, t)
}
