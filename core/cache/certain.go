package cache

import (
	"bytes"
	"context"
	"time"
)

// Certain is Get for callers who must know that there is no value. sure is false if the cache did
// not answer. An existing value gets the life.
func Certain(ctx context.Context, c Cache, key Key, life time.Duration) (value []byte, sure bool) {
	sure = c.Update(ctx, key, life, func(old []byte) []byte {
		value = bytes.Clone(old)
		return old
	})
	return value, sure
}
