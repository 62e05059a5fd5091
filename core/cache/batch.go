package cache

import "context"

// BatchCache is a cache that can get many values in one request.
type BatchCache interface {
	Cache
	// GetBatch returns the values of the keys, in their order, with nil for a missing value.
	GetBatch(ctx context.Context, keys []Key) [][]byte
}

// GetBatch returns the values of the keys in c, in their order. A value is nil if and only if it is
// unknown.
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
