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
	// Get returns what is kept under the key. A value that is kept may be empty.
	Get(ctx context.Context, key Key) (value []byte, ok bool)

	// Set keeps a value for at most the given life. A life of zero or less deletes.
	Set(ctx context.Context, key Key, value []byte, life time.Duration)

	// Update replaces a value by what change makes of it, and loses no other Update of the same
	// key. old is nil where nothing is known (and only there), and a result of nil deletes. change
	// may be called several times, changes nothing else, and does not use the cache. ok is false
	// where this could not be done; what is kept then is either value.
	Update(ctx context.Context, key Key, life time.Duration, change func(old []byte) []byte) (ok bool)

	// Delete forgets a value.
	Delete(ctx context.Context, key Key)
}

// Key names a value: by what it is for, and the fields that it depends on.
// Two keys are equal (also by ==) only if purpose and all fields are.
type Key struct{ text string }

// NewKey makes a key. The purpose is a word of the package that uses it, and keeps its keys apart
// from those of others. Whatever must not be served across a border (an account, an identity) is a
// field.
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

// purpose returns the word that the key was made with.
func (k Key) purpose() string {
	size, n := binary.Uvarint([]byte(k.text[:min(len(k.text), binary.MaxVarintLen64)]))
	if n <= 0 || size > uint64(len(k.text)-n) {
		return "" // the zero Key
	}
	return k.text[n : n+int(size)]
}

// Text is all of the key in one string that no other key has. It holds the fields as they are: it
// is not for a log, nor for a server.
func (k Key) Text() string { return k.text }
