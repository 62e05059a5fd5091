package swifttest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// timestamp is a moment as Swift counts it: in units of ten microseconds since 1970.
type timestamp int64

const ticksPerSecond = 100_000

// String is the form of X-Timestamp.
func (t timestamp) String() string {
	return fmt.Sprintf("%010d.%05d", t/ticksPerSecond, t%ticksPerSecond)
}

func (t timestamp) time() time.Time {
	return time.Unix(int64(t/ticksPerSecond), int64(t%ticksPerSecond)*10_000).UTC()
}

// ceil is the moment rounded up to the second, which is what Last-Modified tells and what
// conditions compare with.
func (t timestamp) ceil() time.Time {
	return time.Unix(int64((t+ticksPerSecond-1)/ticksPerSecond), 0).UTC()
}

// lastModified is the form of the Last-Modified header.
func (t timestamp) lastModified() string { return t.ceil().Format(http.TimeFormat) }

// listed is the form of last_modified in a listing.
func (t timestamp) listed() string { return t.time().Format("2006-01-02T15:04:05.000000") }

// clock gives out moments of which no two are the same, and each later than those before it.
type clock struct {
	mu   sync.Mutex
	last timestamp
}

func (c *clock) now() timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(timestamp(time.Now().UnixMicro()/10), c.last+1)
	return c.last
}

// passed makes the clock give out only moments after t.
func (c *clock) passed(t timestamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.last, t)
}
