package login

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"filegate/core/cache"
)

// Ban is a ban in force, as far as this process knows.
type Ban struct {
	Of    string // "address", "user", or "connections": an address that is held off
	Name  string // the network that counts as one address, or the user
	Until time.Time
}

// maxListed bounds the list of bans. When it is full, the bans that end first are left out of the
// list; they stay in force.
const maxListed = 10000

// banList lists the bans in force, because the caches that hold them cannot be listed.
type banList struct {
	mu  sync.Mutex
	all map[banned]time.Time
}

type banned struct{ of, name string }

// note lists a ban that has begun here, or that a cache has reported.
func (l *banList) note(of, name string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[banned]time.Time{}
	}
	b := banned{of, name}
	if _, ok := l.all[b]; !ok && len(l.all) >= maxListed && !l.makeRoom(until) {
		return
	}
	l.all[b] = until
}

// makeRoom drops the bans that have ended. If there are none, it drops the ban that ends first,
// unless that one ends after until. It reports whether there is room. It is called with mu held.
func (l *banList) makeRoom(until time.Time) bool {
	var first banned
	var ends time.Time
	now := time.Now()
	for b, u := range l.all {
		if !now.Before(u) {
			delete(l.all, b)
		} else if ends.IsZero() || u.Before(ends) {
			first, ends = b, u
		}
	}
	if len(l.all) < maxListed {
		return true
	}
	if until.Before(ends) {
		return false
	}
	delete(l.all, first)
	return true
}

// lift takes a ban off the list.
func (l *banList) lift(of, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, banned{of, name})
}

// list returns the bans in force, the one that ends last first.
func (l *banList) list() []Ban {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	all := make([]Ban, 0, len(l.all))
	for b, until := range l.all {
		if now.Before(until) {
			all = append(all, Ban{b.of, b.name, until})
		} else {
			delete(l.all, b)
		}
	}
	slices.SortFunc(all, func(a, b Ban) int {
		return cmp.Or(b.Until.Compare(a.Until), cmp.Compare(a.Of, b.Of), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Bans returns the bans in force that this process knows of: those that began here, and those of
// other gateways with the same cache that have refused a login here.
func (d *Desk) Bans() []Ban { return d.bans.list.list() }

// maxBan bounds a ban that an operator sets.
const maxBan = 30 * 24 * time.Hour

// SetBan bans an address or a user for a time, on all gateways with the same cache. It does not end
// sessions.
func (d *Desk) SetBan(ctx context.Context, of, name string, dur time.Duration) error {
	if dur <= 0 || dur > maxBan {
		return fmt.Errorf("a ban lasts at least a moment, and at most %v", maxBan)
	}
	key, name, err := banKey(of, name)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, c := range d.bans.all {
		c.Set(ctx, key, tally{since: now, banned: now.Add(dur)}.encode(), dur)
	}
	d.bans.list.note(of, name, now.Add(dur))
	d.log.Warn("ban set by the operator", "of", of, "name", name, "dur", dur)
	return nil
}

// LiftBan ends a ban of an address or a user and forgets its failures. If an address is held off,
// LiftBan ends that too. Other gateways that have copied the ban keep it until its end.
func (d *Desk) LiftBan(ctx context.Context, of, name string) error {
	key, name, err := banKey(of, name)
	if err != nil {
		return err
	}
	keys := []cache.Key{key}
	if of == "address" {
		addr, _ := parseAddress(name)
		keys = append(keys, d.connections.penalties.keys(addr)...)
		d.bans.list.lift("connections", name)
	}
	for _, c := range d.bans.all {
		for _, k := range keys {
			c.Delete(ctx, k)
		}
	}
	d.bans.list.lift(of, name)
	d.log.Info("ban lifted by the operator", "of", of, "name", name)
	return nil
}

// banKey returns the key of a ban, and the name under which it is listed.
func banKey(of, name string) (cache.Key, string, error) {
	switch of {
	case "address", "connections":
		addr, err := parseAddress(name)
		if err != nil {
			return cache.Key{}, "", err
		}
		return addressKey(addr), network(addr).String(), nil
	case "user":
		if name = fold(name); name == "" || len(name) > maxName {
			return cache.Key{}, "", fmt.Errorf("%q is no name of a user", name)
		}
		return userKey(name), name, nil
	}
	return cache.Key{}, "", fmt.Errorf("there are no bans of a %q, only of an address or a user", of)
}

// parseAddress parses an address, or the network that counts as one address.
func parseAddress(text string) (netip.Addr, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		if network(p.Addr()) != p.Masked() {
			return netip.Addr{}, fmt.Errorf("%s is not what counts as one address: give an address, which of IPv6 stands for its /64", text)
		}
		return p.Addr(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is no IP address", text)
	}
	return addr, nil
}
