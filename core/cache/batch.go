package cache

import "context"

// BatchCache is a cache that has many values for the price of one.
type BatchCache interface {
	Cache
	// GetBatch returns what is kept under each of the keys, in their order; nil where nothing is.
	GetBatch(ctx context.Context, keys []Key) [][]byte
}

// GetBatch returns what c keeps under each of the keys, in their order; nil where nothing is known,
// and only there.
func GetBatch(ctx context.Context, c Cache, keys []Key) [][]byte {
	if b, ok := c.(BatchCache); ok {
		return b.GetBatch(ctx, keys)
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i], _ = c.Get(ctx, key)
	}
	return values
}
