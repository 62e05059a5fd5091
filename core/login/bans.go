package login

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"time"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/frontend"
)

// bans counts the failed logins of each address and of each user, and decides which logins must
// wait and which are refused.
//
// The failures are counted in this process, and also in the cache that gateways share, if there is
// one. The higher count applies. If the shared cache is down or loses entries, only what other
// gateways have seen is lost.
//
// # Decisions
//
// A ban of an address does not stop an attacker with many addresses, so users are banned too. But
// anybody can fail in another user's name, and must not lock that user out. Therefore a ban of a
// user takes many more failures. It applies only to proofs that can be guessed, which are passwords
// and answers to prompts, and only at addresses from which the user has not logged in within
// [knownFor]. So a nightly job, or a customer at the usual desk, notices nothing. An attacker who
// keeps guessing from many addresses can still stop one user from logging in with a password at a
// new address. The networks of [config.Ban.Allow] are a way out.
//
// The alternative was to delay logins and to ban nobody. It does not help, because an attacker can
// run many guesses in parallel.
//
// A successful login does not lift a ban of the user. At an address where the user is known, it
// also does not reset the failures from elsewhere. Otherwise the user's own jobs would keep
// resetting the count for an attacker.
//
// A ban of an address does not stop a user who is known there. A whole company may share one
// address, and a device with an old password must not lock out the others. At such an address,
// failures of the known user count against the pair of user and address.
//
// Names are compared without case. A name that the authenticator has mapped to another name counts
// as that other name, once the user has logged in by it.
type bans struct {
	rules *rules
	local cache.Cache
	all   []cache.Cache
	list  banList
}

func newBans(r *rules, local, shared cache.Cache) *bans {
	f := &bans{rules: r, local: local, all: []cache.Cache{local}}
	if shared != local {
		f.all = append(f.all, shared)
	}
	return f
}

// tally is the record of the failures of an address, a user or a pair of both.
type tally struct {
	count  int       // failures since the time since
	since  time.Time // the time of the first failure
	banned time.Time // end of the ban
}

func (r tally) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(r.count))
	b = binary.AppendVarint(b, r.since.UnixMilli())
	return binary.AppendVarint(b, r.banned.UnixMilli())
}

// decodeTally returns an empty tally if b is not a valid record.
func decodeTally(b []byte) tally {
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return tally{}
	}
	since, m := binary.Varint(b[n:])
	if m <= 0 {
		return tally{}
	}
	banned, l := binary.Varint(b[n+m:])
	if l <= 0 || count > 1<<30 {
		return tally{}
	}
	return tally{int(count), time.UnixMilli(since), time.UnixMilli(banned)}
}

// network returns the network that counts as one address.
func network(addr netip.Addr) netip.Prefix { return frontend.Network(addr) }

// exempt reports whether the operator trusts an address.
func (f *bans) exempt(addr netip.Addr) bool {
	return slices.ContainsFunc(f.rules.now().allow, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// addressKey and userKey use different purposes. Anybody can make up any number of names, and names
// must not push bans of addresses out of the cache.
func addressKey(addr netip.Addr) cache.Key {
	return cache.NewKey("login failures", "address", network(addr).String())
}

func userKey(name string) cache.Key { return cache.NewKey("login failures of users", name) }

// pairKey is the key of the failures of a user at an address where the user is known.
func pairKey(name string, addr netip.Addr) cache.Key {
	return cache.NewKey("login failures of users where they are known", name, network(addr).String())
}

// aliasKey is the key of the authenticator's name for a user who logs in as typed.
func aliasKey(typed string) cache.Key { return cache.NewKey("login names", typed) }

// fold returns the spelling of a name under which its failures are counted.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// name returns the name under which the failures of a request's user are counted.
func (f *bans) name(ctx context.Context, req auth.Request) string {
	typed := fold(req.User)
	for _, c := range f.all {
		if canonical, ok := c.Get(ctx, aliasKey(typed)); ok {
			return string(canonical)
		}
	}
	return typed
}

// guessable reports whether the proofs of a method can be guessed.
func guessable(m auth.Method) bool { return m == auth.Password || m == auth.Interactive }

// subject is an address, a user, or a pair of both, against which a failure counts.
type subject struct {
	key   cache.Key
	what  subjectKind
	limit int // number of failures that begin a ban; 0: never
}

type subjectKind int

const (
	ofAddress subjectKind = iota
	ofUser
	ofPair // a user at an address where the user is known
)

func (f *bans) subjects(name string, req auth.Request) []subject {
	var all []subject
	addr := req.Remote.Addr()
	if addr.IsValid() && !f.exempt(addr) {
		all = append(all, subject{addressKey(addr), ofAddress, f.cfg().Failures}, subject{pairKey(name, addr), ofPair, f.cfg().Failures})
	}
	if guessable(req.Method) {
		all = append(all, subject{userKey(name), ofUser, f.cfg().UserFailures})
	}
	return all
}

// judge returns how long a login must wait before it is checked. The error is errBannedLogin or
// errBannedUser if the address or the user is banned.
func (f *bans) judge(ctx context.Context, req auth.Request) (wait time.Duration, err error) {
	name, now := f.name(ctx, req), time.Now()
	subjects := f.subjects(name, req)
	keys := []cache.Key{knownKey(name, req.Remote.Addr())}
	for _, s := range subjects {
		keys = append(keys, s.key)
	}
	known, records := false, make([]tally, len(subjects))
	for _, c := range f.all {
		values := cache.GetBatch(ctx, c, keys)
		known = known || values[0] != nil
		for i, value := range values[1:] {
			r := decodeTally(value)
			// So the next connection is refused without asking the shared cache.
			if c != f.local && now.Before(r.banned) {
				f.local.Set(ctx, keys[i+1], value, r.banned.Sub(now))
			}
			if !now.Before(r.since.Add(f.cfg().Window)) {
				r.count = 0
			}
			records[i].count = max(records[i].count, r.count)
			if r.banned.After(records[i].banned) {
				records[i].banned = r.banned
			}
		}
	}
	worst := 0
	for i, s := range subjects {
		if r := records[i]; now.Before(r.banned) {
			f.listed(s, name, req, r.banned)
		}
		switch r := records[i]; {
		case (s.what == ofPair) != known:
			// A known user counts only as a pair with the address; all others count only by address
			// and by name.
		case s.what == ofUser && f.exempt(req.Remote.Addr()):
			// Failures elsewhere do not slow down a login from a trusted network.
		case !now.Before(r.banned):
			worst = max(worst, r.count)
		case s.what == ofUser:
			err = errBannedUser
		default:
			return 0, errBannedLogin
		}
	}
	return f.delay(worst), err
}

// bannedHere reports whether this process knows that an address is banned. It does not wait for the
// shared cache.
func (f *bans) bannedHere(ctx context.Context, addr netip.Addr) bool {
	if !addr.IsValid() || f.exempt(addr) {
		return false
	}
	value, _ := f.local.Get(ctx, addressKey(addr))
	return time.Now().Before(decodeTally(value).banned)
}

// delay returns the wait after count failures: half a second after the first SlowAfter, doubled by
// each further failure.
func (f *bans) delay(count int) time.Duration {
	if f.cfg().SlowAfter == 0 || count < f.cfg().SlowAfter {
		return 0
	}
	return min(f.cfg().MaxDelay, 500*time.Millisecond<<min(count-f.cfg().SlowAfter, 16))
}

// listed notes a ban in the list, unless it is a ban of a pair.
func (f *bans) listed(s subject, name string, req auth.Request, until time.Time) {
	switch s.what {
	case ofAddress:
		f.list.note("address", network(req.Remote.Addr()).String(), until)
	case ofUser:
		f.list.note("user", name, until)
	}
}

// begunBans holds, for each ban that a failure has begun, the number of failures that led to it; 0:
// no ban has begun.
type begunBans struct{ address, user int }

// add counts a failed login against its address and its user.
func (f *bans) add(ctx context.Context, req auth.Request) (begun begunBans) {
	name := f.name(ctx, req)
	known := f.isKnown(ctx, knownKey(name, req.Remote.Addr()))
	for _, s := range f.subjects(name, req) {
		count := &begun.address
		switch s.what {
		case ofUser:
			count = &begun.user
		case ofPair:
			if !known {
				continue
			}
			count = new(int) // not reported: a ban of the address reports it
		}
		for _, c := range f.all {
			now, begins := time.Now(), 0
			c.Update(ctx, s.key, max(f.cfg().Window, f.cfg().Duration), func(old []byte) []byte {
				r := decodeTally(old)
				begins = 0
				if !now.Before(r.since.Add(f.cfg().Window)) {
					r = tally{since: now, banned: r.banned}
				}
				r.count++
				if s.limit > 0 && r.count >= s.limit && !now.Before(r.banned) {
					begins, r = r.count, tally{since: now, banned: now.Add(f.cfg().Duration)}
				}
				return r.encode()
			})
			if begins > 0 {
				f.listed(s, name, req, time.Now().Add(f.cfg().Duration))
			}
			*count = max(*count, begins)
		}
	}
	return begun
}

// welcome records a successful login. canonical is the authenticator's name for the user, who is
// known at this address from now on. At the first login from an address the user's failures are
// forgotten, unless the user is banned. The failures of the address stay: otherwise anybody with
// one account could guess the passwords of others forever.
func (f *bans) welcome(ctx context.Context, req auth.Request, canonical string) {
	if !req.Remote.IsValid() {
		return
	}
	name, typed, now := fold(canonical), fold(req.User), time.Now()
	user, here, address := userKey(name), knownKey(name, req.Remote.Addr()), knownAddressKey(req.Remote.Addr())
	known, records := false, make([]tally, len(f.all))
	for i, c := range f.all {
		values := cache.GetBatch(ctx, c, []cache.Key{user, here})
		records[i] = decodeTally(values[0])
		seen := decodeTally(values[1]).since
		known = known || values[1] != nil
		if !now.Before(seen.Add(knownAge)) {
			c.Set(ctx, here, tally{since: now}.encode(), knownFor)
			c.Set(ctx, address, tally{since: now}.encode(), knownFor)
			if name != typed {
				c.Set(ctx, aliasKey(typed), []byte(name), knownFor)
			}
		}
	}
	for i, c := range f.all {
		if r := records[i]; !known && r.count > 0 && !now.Before(r.banned) {
			c.Delete(ctx, user)
		}
	}
}
