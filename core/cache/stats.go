package cache

// Stats counts what a cache has done since it was made.
type Stats struct {
	Hits, Misses int64 // values that were asked for
	Failures     int64 // requests that a server has not answered
	Bytes        int64 // in use; 0 where nobody knows
}

// CountedCache is a Cache that counts.
type CountedCache interface {
	Cache
	Stats() Stats
}

// StatsOf returns what a cache has counted; ok is false for one that does not.
func StatsOf(c Cache) (s Stats, ok bool) {
	if c, ok := c.(CountedCache); ok {
		return c.Stats(), true
	}
	return Stats{}, false
}
