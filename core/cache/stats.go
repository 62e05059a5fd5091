package cache

// Stats counts the operations of a cache since its creation.
type Stats struct {
	Hits, Misses int64 // values that were asked for
	Failures     int64 // requests that a server has not answered
	Bytes        int64 // in use; 0 where nobody knows
}

// CountedCache is a Cache with statistics.
type CountedCache interface {
	Cache
	Stats() Stats
}

// StatsOf returns the statistics of a cache. ok is false if it has none.
func StatsOf(c Cache) (s Stats, ok bool) {
	if c, ok := c.(CountedCache); ok {
		return c.Stats(), true
	}
	return Stats{}, false
}
