package cache

import (
	"bytes"
	"context"
	"time"
)

// Certain is Get for a caller who must know that nothing is kept: sure is false where the cache did
// not answer. What is kept gets the life.
func Certain(ctx context.Context, c Cache, key Key, life time.Duration) (value []byte, sure bool) {
	sure = c.Update(ctx, key, life, func(old []byte) []byte {
		value = bytes.Clone(old)
		return old
	})
	return value, sure
}
