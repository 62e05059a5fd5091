package login

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"filegate/core/cache"
)

// knownFor is how long an address stays known after a user has logged in from it. The record is
// renewed by a login when it is older than knownAge.
const (
	knownFor = 30 * 24 * time.Hour
	knownAge = 24 * time.Hour
)

func knownKey(name string, addr netip.Addr) cache.Key {
	return cache.NewKey("login known", name, network(addr).String())
}

// knownAddressKey is the key of the record that some user has logged in from an address.
func knownAddressKey(addr netip.Addr) cache.Key {
	return cache.NewKey("login known addresses", network(addr).String())
}

// isKnown reports whether a cache has an entry for key.
func (f *bans) isKnown(ctx context.Context, key cache.Key) bool {
	return slices.ContainsFunc(f.all, func(c cache.Cache) bool {
		_, ok := c.Get(ctx, key)
		return ok
	})
}

// knownHere reports whether this process knows that some user has logged in from an address. It
// does not wait for the shared cache.
func (f *bans) knownHere(addr netip.Addr) bool {
	_, ok := f.local.Get(context.Background(), knownAddressKey(addr))
	return ok
}

// learn copies records about an address from the shared cache to the local one, where connections
// are checked without waiting.
func (f *bans) learn(ctx context.Context, keys []cache.Key) {
	now := time.Now()
	for _, c := range f.all[1:] {
		for i, value := range cache.GetBatch(ctx, c, keys) {
			r := decodeTally(value)
			life := max(r.banned.Sub(now), knownFor-now.Sub(r.since))
			if value != nil && life > 0 {
				f.local.Set(ctx, keys[i], value, life)
			}
		}
	}
}
