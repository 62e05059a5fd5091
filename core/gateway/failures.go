package gateway

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
)

// failures counts the logins that fail, of each address and of each user, and says who has to wait and who is banned.
//
// They are counted in this process, and once more in the cache that gateways share, if there is one: whichever knows more holds. So a
// cache that is down or forgets costs what others have seen, and nothing that was seen here.
type failures struct {
	cfg   config.Ban
	allow []netip.Prefix
	local cache.Cache
	all   []cache.Cache
}

func newFailures(cfg config.Ban, local, shared cache.Cache) *failures {
	allow, _ := cfg.Networks() // core/config has read them already
	f := &failures{cfg: cfg, allow: allow, local: local, all: []cache.Cache{local}}
	if shared != local {
		f.all = append(f.all, shared)
	}
	return f
}

// record is what is known of an address or of a user.
type record struct {
	count  int       // failures since
	since  time.Time // the first of them
	banned time.Time // until when
}

func (r record) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(r.count))
	b = binary.AppendVarint(b, r.since.UnixMilli())
	return binary.AppendVarint(b, r.banned.UnixMilli())
}

// decodeRecord takes what is no record for one of somebody who has done nothing.
func decodeRecord(b []byte) record {
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return record{}
	}
	since, m := binary.Varint(b[n:])
	if m <= 0 {
		return record{}
	}
	banned, l := binary.Varint(b[n+m:])
	if l <= 0 || count > 1<<30 {
		return record{}
	}
	return record{int(count), time.UnixMilli(since), time.UnixMilli(banned)}
}

// network is what counts as one address.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64 // what one customer of a provider has at least
	}
	p, _ := addr.Prefix(bits)
	return p
}

// exempt says whether the operator trusts an address.
func (f *failures) exempt(addr netip.Addr) bool {
	return slices.ContainsFunc(f.allow, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

func addressKey(addr netip.Addr) cache.Key {
	return cache.NewKey("login failures", "address", network(addr).String())
}

func userKey(req auth.Request) cache.Key {
	return cache.NewKey("login failures", "user", req.User)
}

// keys are those that a request counts for.
func (f *failures) keys(req auth.Request) []cache.Key {
	keys := []cache.Key{userKey(req)}
	if addr := req.Remote.Addr(); addr.IsValid() && !f.exempt(addr) {
		keys = append(keys, addressKey(addr))
	}
	return keys
}

// judge says how long a login has to wait before it is looked at, and whether its address is banned.
func (f *failures) judge(ctx context.Context, req auth.Request) (wait time.Duration, banned bool) {
	keys, now := f.keys(req), time.Now()
	worst := 0
	for _, c := range f.all {
		for i, value := range cache.GetBatch(ctx, c, keys) {
			r := decodeRecord(value)
			banned = banned || now.Before(r.banned)
			if now.Before(r.since.Add(f.cfg.Window)) {
				worst = max(worst, r.count)
			}
			if c != f.local && now.Before(r.banned) { // so that its next connection is refused here too
				f.local.Set(ctx, keys[i], value, r.banned.Sub(now))
			}
		}
	}
	return f.delay(worst), banned
}

// bannedHere says whether this process knows that an address is banned. It never waits.
func (f *failures) bannedHere(ctx context.Context, addr netip.Addr) bool {
	if !addr.IsValid() || f.exempt(addr) {
		return false
	}
	value, _ := f.local.Get(ctx, addressKey(addr))
	return time.Now().Before(decodeRecord(value).banned)
}

// delay doubles with each failure, from half a second on.
func (f *failures) delay(count int) time.Duration {
	if f.cfg.SlowAfter == 0 || count < f.cfg.SlowAfter {
		return 0
	}
	return min(f.cfg.MaxDelay, 500*time.Millisecond<<min(count-f.cfg.SlowAfter, 16))
}

// add counts a failure. It returns how many its address has now when that gets it banned, else 0.
func (f *failures) add(ctx context.Context, req auth.Request) (count int) {
	user := userKey(req)
	for _, key := range f.keys(req) {
		for _, c := range f.all {
			now, begins := time.Now(), 0
			c.Update(ctx, key, max(f.cfg.Window, f.cfg.Duration), func(old []byte) []byte {
				r := decodeRecord(old)
				begins = 0
				if !now.Before(r.since.Add(f.cfg.Window)) {
					r = record{since: now, banned: r.banned}
				}
				r.count++
				if key != user && f.cfg.Failures > 0 && r.count >= f.cfg.Failures && !now.Before(r.banned) {
					begins, r = r.count, record{since: now, banned: now.Add(f.cfg.Duration)}
				}
				return r.encode()
			})
			count = max(count, begins)
		}
	}
	return count
}

// forgive forgets the failures of a user, who has logged in. Those of the address stay: else whoever has one account could guess at others for ever.
func (f *failures) forgive(ctx context.Context, req auth.Request) {
	if f.cfg.SlowAfter == 0 {
		return
	}
	for _, c := range f.all {
		if value, ok := c.Get(ctx, userKey(req)); ok && len(value) > 0 {
			c.Delete(ctx, userKey(req))
		}
	}
}
