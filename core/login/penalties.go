package login

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"filegate/core/cache"
	"filegate/core/frontend"
)

// penalties holds off addresses whose connections end without a login. Each kind of ending costs an
// amount of time. The amounts add up, and pass as time passes.
//
// They add up for the address and for the network around it. A network is held off at
// [networkFactor] times the amount of an address, because an attacker may have many addresses in
// one network. A flood of addresses may push the record of one address out of the cache, but not
// the record of their network.
//
// Loopback addresses are never held off. If a proxy on this machine does not pass on the client's
// address, all clients would be.
type penalties struct {
	rules    *rules
	bans     *bans // for their caches
	log      *slog.Logger
	observer Observer
}

// networkFactor is the amount at which a network is held off, as a multiple of the amount of an
// address.
const networkFactor = 16

// wide returns the network around an address: the /24 of an IPv4 address, the /48 of an IPv6
// address. A customer of a provider, or the neighbours of a rented machine, are about this large.
func wide(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	p, _ := addr.Prefix(bits)
	return p
}

// keys returns the keys of an address and of its network. They have different purposes, so that
// neither kind pushes the other out of the cache.
func (p *penalties) keys(addr netip.Addr) []cache.Key {
	return []cache.Key{
		cache.NewKey("login penalties", network(addr).String()),
		cache.NewKey("login penalties of networks", wide(addr).String()),
	}
}

// holdsOff reports whether this process knows that an address is held off. It does not wait for the
// shared cache.
func (p *penalties) holdsOff(addr netip.Addr) bool {
	if p.cfg().Max == 0 || addr.IsLoopback() {
		return false
	}
	now := time.Now()
	for i, value := range cache.GetBatch(context.Background(), p.bans.local, p.keys(addr)) {
		if decodeTally(value).banned.Sub(now) >= p.least(i) {
			return true
		}
	}
	return false
}

// least returns the amount from which clients are held off. i is 0 for an address and 1 for a
// network, as in keys.
func (p *penalties) least(i int) time.Duration {
	if i > 0 {
		return p.cfg().Min * networkFactor
	}
	return p.cfg().Min
}

// most returns the largest amount that can add up.
func (p *penalties) most(i int) time.Duration { return max(p.cfg().Max, p.least(i)) }

// penaltyTimeout is the time limit for the updates of the caches.
const penaltyTimeout = 5 * time.Second

// add adds the cost of the way in which a connection has ended.
func (p *penalties) add(addr netip.Addr, how frontend.Ending) {
	cost := map[frontend.Ending]time.Duration{
		frontend.EndedNoLogin: p.cfg().NoLogin, frontend.EndedHandshake: p.cfg().Handshake,
		frontend.EndedProbing: p.cfg().Keys, frontend.EndedTimeout: p.cfg().Timeout,
	}[how]
	if cost == 0 || p.cfg().Max == 0 || addr.IsLoopback() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), penaltyTimeout)
	defer cancel()
	for i, key := range p.keys(addr) {
		for _, c := range p.bans.all {
			var before, after time.Duration
			c.Update(ctx, key, p.most(i), func(old []byte) []byte {
				now := time.Now()
				r := decodeTally(old)
				before = max(r.banned.Sub(now), 0)
				after = min(before+cost, p.most(i))
				return tally{since: now, banned: now.Add(after)}.encode()
			})
			if c == p.bans.local && i == 0 && before < p.least(i) && after >= p.least(i) {
				p.observer.Ban("connections")
				p.bans.list.note("connections", network(addr).String(), time.Now().Add(after-p.least(i)))
				p.log.Warn("address held off", "remote", addr, "dur", after-p.least(i), "reason", how.String())
			}
		}
	}
}
