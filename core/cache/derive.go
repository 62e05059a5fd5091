package cache

// KeyDeriver is a cache with a configured secret, which all processes that share the cache know.
type KeyDeriver interface {
	Cache
	// DeriveKey returns a key of 32 bytes for a purpose. All processes that share the cache get the
	// same key, and nobody else can compute it. Purposes are unrelated to those of [NewKey], and
	// the key of one purpose reveals nothing about another.
	DeriveKey(purpose string) []byte
}

// DeriveKey returns the key for a purpose that all processes with the cache c share, or nil if c
// has no secret.
func DeriveKey(c Cache, purpose string) []byte {
	if d, ok := c.(KeyDeriver); ok {
		return d.DeriveKey(purpose)
	}
	return nil
}
