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

// bans countss the logins that fail, of each address and of each user, and says who has to wait and who is banned.
//
// They are counted in this process, and once more in the cache that gateways share, if there is one: whichever knows more holds. So a
// cache that is down or forgets costs what others have seen, and nothing that was seen here.
//
// # Decisions
//
// A ban of an address does not stop those who guess from many, so users are banned too. But anybody can fail in another's name, and must not be able to lock him out with
// it. Therefore a user's ban takes many more failures, and holds only for what can be guessed, passwords and answers to prompts, and only where he has not logged
// in within [knownFor]: a job that runs every night, or a customer at his desk, notices nothing. Who guesses from the very address of the one that he guesses at is
// stopped by the ban of that address. What is left to somebody who attacks on and on, from many addresses, is that this one user cannot log in with a password from where he has
// not been for a month; the networks of [config.Ban.Allow] are a way out.
//
// To ban nobody, and only to slow down, was the alternative: but many guesses can wait side by side.
//
// A user's success does not lift his ban, nor does it make failures elsewhere forgotten if it came from where he is known: else his own jobs would keep the door open
// for whoever guesses.
//
// Nor does the ban of an address stop a user who is known there: behind one address there may be a whole company, and a device in it with an old password must not lock
// the others out. What is guessed at such a user from there counts against the two of them together.
//
// Names count by what they are and not as they are typed: without their case, and by the name that the authenticator had for the user when he logged in by that spelling.
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

// tally is what is known of an address or of a user.
type tally struct {
	count  int       // failures since
	since  time.Time // the first of them
	banned time.Time // until when
}

func (r tally) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(r.count))
	b = binary.AppendVarint(b, r.since.UnixMilli())
	return binary.AppendVarint(b, r.banned.UnixMilli())
}

// decodeTally takes what is no record for one of somebody who has done nothing.
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

// network is what counts as one address.
func network(addr netip.Addr) netip.Prefix { return frontend.Network(addr) }

// exempt says whether the operator trusts an address.
func (f *bans) exempt(addr netip.Addr) bool {
	return slices.ContainsFunc(f.rules.now().allow, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// addressKey and userKey have purposes of their own: names, of which anybody can make up any number, must not push bans of
// addresses out of the memory.
func addressKey(addr netip.Addr) cache.Key {
	return cache.NewKey("login failures", "address", network(addr).String())
}

func userKey(name string) cache.Key { return cache.NewKey("login failures of users", name) }

// pairKey is of a user at an address where he is known.
func pairKey(name string, addr netip.Addr) cache.Key {
	return cache.NewKey("login failures of users where they are known", name, network(addr).String())
}

// aliasKey is of the name that the authenticator has for whoever is called so.
func aliasKey(typed string) cache.Key { return cache.NewKey("login names", typed) }

// fold returns a name in the spelling that it counts by.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// name returns what the user of a request counts as.
func (f *bans) name(ctx context.Context, req auth.Request) string {
	typed := fold(req.User)
	for _, c := range f.all {
		if canonical, ok := c.Get(ctx, aliasKey(typed)); ok {
			return string(canonical)
		}
	}
	return typed
}

// knownFor is how long it is remembered from where a user has logged in, and knownAge how old that gets before it is written again.
const (
	knownFor = 30 * 24 * time.Hour
	knownAge = 24 * time.Hour
)

func knownKey(name string, addr netip.Addr) cache.Key {
	return cache.NewKey("login known", name, network(addr).String())
}

// knownAddressKey is of an address from which somebody has logged in.
func knownAddressKey(addr netip.Addr) cache.Key {
	return cache.NewKey("login known addresses", network(addr).String())
}

// guessable says whether it makes sense to try again and again by a method.
func guessable(m auth.Method) bool { return m == auth.Password || m == auth.Interactive }

// subject is whom a failure counts against.
type subject struct {
	key   cache.Key
	what  subjectKind
	limit int // that many get it banned; 0: none do
}

type subjectKind int

const (
	ofAddress subjectKind = iota
	ofUser
	ofPair // of a user and an address, where he is known there
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

// judge says how long a login has to wait before it is looked at. It returns an error if that is not to be: its address or its user is banned.
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
			if c != f.local && now.Before(r.banned) { // so that its next connection is refused here too
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
			// Where he is known only what was guessed at him from here counts.
		case !now.Before(r.banned):
			worst = max(worst, r.count)
		case s.what != ofUser:
			return 0, errBannedLogin
		case !f.exempt(req.Remote.Addr()):
			err = errBannedUser
		}
	}
	return f.delay(worst), err
}

// bannedHere says whether this process knows that an address is banned. It never waits.
func (f *bans) bannedHere(ctx context.Context, addr netip.Addr) bool {
	if !addr.IsValid() || f.exempt(addr) {
		return false
	}
	value, _ := f.local.Get(ctx, addressKey(addr))
	return time.Now().Before(decodeTally(value).banned)
}

// delay doubles with each failure, from half a second on.
func (f *bans) delay(count int) time.Duration {
	if f.cfg().SlowAfter == 0 || count < f.cfg().SlowAfter {
		return 0
	}
	return min(f.cfg().MaxDelay, 500*time.Millisecond<<min(count-f.cfg().SlowAfter, 16))
}

// listed notes a ban that there is.
func (f *bans) listed(s subject, name string, req auth.Request, until time.Time) {
	switch s.what {
	case ofAddress:
		f.list.note("address", network(req.Remote.Addr()).String(), until)
	case ofUser:
		f.list.note("user", name, until)
	}
}

// begunBans are the bans that a failure has begun: how many failures they are for, or 0.
type begunBans struct{ address, user int }

// add counts a failure.
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
			count = new(int) // the address's ban tells it
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

// isKnown reports whether anything is kept under a key.
func (f *bans) isKnown(ctx context.Context, key cache.Key) bool {
	return slices.ContainsFunc(f.all, func(c cache.Cache) bool {
		_, ok := c.Get(ctx, key)
		return ok
	})
}

// knownHere reports whether this process knows that somebody has logged in from an address. It never waits.
func (f *bans) knownHere(addr netip.Addr) bool {
	_, ok := f.local.Get(context.Background(), knownAddressKey(addr))
	return ok
}

// learn takes over from the cache that gateways share what it knows of an address and is looked up without waiting.
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

// welcome is for a user who has logged in, whom the authenticator calls by canonical: he is known from then on where he is. The first time his failures are forgotten, unless he is banned. Those of the address stay: else
// whoever has one account could guess at others for ever.
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
