package cache

// KeyDeriver is a cache that is configured with a secret, the same in all processes that share it.
type KeyDeriver interface {
	Cache
	// DeriveKey returns a key of 32 bytes for a purpose. All processes that share the cache get the
	// same one, and nobody else can make it. The purposes are apart from those of [NewKey], and one
	// purpose's key says nothing about another's.
	DeriveKey(purpose string) []byte
}

// DeriveKey returns the key for a purpose that all processes with the cache c have, or nil where c
// has no secret to make it of.
func DeriveKey(c Cache, purpose string) []byte {
	if d, ok := c.(KeyDeriver); ok {
		return d.DeriveKey(purpose)
	}
	return nil
}
