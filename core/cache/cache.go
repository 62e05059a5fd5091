// Package cache defines the contract of caches: places for small values with a limited life, used
// by one process or by many.
//
// Users of a cache must work correctly without it. A cache may forget anything at any time. A slow,
// failed or foreign cache behaves like an empty one, which is never an error. So a cache holds only
// values that can be found out again, or that make a change visible earlier.
//
// [Memory] is the cache of one process. Caches that processes share are packages below this one.
// Package core/cache/builtin lists the caches that a configuration can name. The suite for all
// caches is core/cache/cachetest.
//
// # Decisions
//
// Values that must not be lost (bans, the write log) and values that only save time (attributes) do
// not compete for space: in [Memory] each purpose has its own room. The alternative was to mark
// important values; then a new purpose would be unsafe until somebody marks it. A shared cache may
// still evict anything; see the package of each cache.
//
// There is no flush and no iteration. A value that must become unknown at once gets another key,
// with a version, a time, or a counter that has a key of its own: a shared cache cannot guarantee
// that a deletion reaches it.
package cache

import (
	"context"
	"encoding/binary"
	"time"
)

// Cache keeps values by keys. It is safe for concurrent use, keeps no slice that it is given, and
// gives out none that it keeps.
//
// All methods return in a short time, whatever happens to a server, and do nothing for a context
// that has ended. What Set and Delete did not reach may still have the value of before.
type Cache interface {
	// Get returns the value of the key. The value may be empty.
	Get(ctx context.Context, key Key) (value []byte, ok bool)

	// Set stores a value for at most the given life. A life of zero or less deletes the value.
	Set(ctx context.Context, key Key, value []byte, life time.Duration)

	// Update replaces a value by the result of change, and loses no other Update of the same key.
	// old is nil if and only if the value is unknown. A nil result deletes the value. change may be
	// called several times; it must have no side effects and must not use the cache. If ok is
	// false, the update was not possible, and the cache may hold either value.
	Update(ctx context.Context, key Key, life time.Duration, change func(old []byte) []byte) (ok bool)

	// Delete deletes a value.
	Delete(ctx context.Context, key Key)
}

// Key identifies a value by its purpose and the fields that it depends on. Two keys are equal, also
// with ==, if and only if their purposes and all fields are equal.
type Key struct{ text string }

// NewKey returns a key. The purpose is a word of the calling package, and separates its keys from
// those of other packages. The fields must include everything that separates values, such as the
// account or the identity.
func NewKey(purpose string, fields ...string) Key {
	size := len(purpose) + binary.MaxVarintLen64
	for _, f := range fields {
		size += len(f) + binary.MaxVarintLen64
	}
	text := make([]byte, 0, size)
	for _, f := range append([]string{purpose}, fields...) {
		text = binary.AppendUvarint(text, uint64(len(f)))
		text = append(text, f...)
	}
	return Key{string(text)}
}

// purpose returns the purpose of the key.
func (k Key) purpose() string {
	size, n := binary.Uvarint([]byte(k.text[:min(len(k.text), binary.MaxVarintLen64)]))
	if n <= 0 || size > uint64(len(k.text)-n) {
		return "" // the zero Key
	}
	return k.text[n : n+int(size)]
}

// Text returns a string that is unique to the key. It contains the fields in clear, so it must not
// be logged or sent to a server.
func (k Key) Text() string { return k.text }
