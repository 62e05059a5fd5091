package login

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"filegate/core/cache"
	"filegate/core/frontend"
)

// penalties hold off those whose connections come to no login, for as long as they have cost: the time of each ending adds up, and passes.
//
// It adds up for the address, and for the network around it, of which [networkFactor] times as much is taken: whoever has many addresses has them side by side. What is
// known of an address may be lost in a flood of addresses, and then that of the network is not, which every one of them has made more.
//
// This machine itself is never held off: where clients come by a proxy on it that tells nothing about them, all would be.
type penalties struct {
	rules    *rules
	bans     *bans // their caches
	log      *slog.Logger
	observer Observer
}

// networkFactor is how many times as much as of an address is taken of a network.
const networkFactor = 16

// wide returns the network around an address: of a provider's customer, or of a rented machine's neighbours.
func wide(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	p, _ := addr.Prefix(bits)
	return p
}

// keys are those of an address and of its network. They have purposes of their own, so that neither pushes the other out of the memory.
func (p *penalties) keys(addr netip.Addr) []cache.Key {
	return []cache.Key{
		cache.NewKey("login penalties", network(addr).String()),
		cache.NewKey("login penalties of networks", wide(addr).String()),
	}
}

// holdsOff reports whether this process knows that an address is held off. It never waits.
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

// least returns how much has to have added up: of an address, the first of its keys, and of its network, the second.
func (p *penalties) least(i int) time.Duration {
	if i > 0 {
		return p.cfg().Min * networkFactor
	}
	return p.cfg().Min
}

// most returns how much adds up at most.
func (p *penalties) most(i int) time.Duration { return max(p.cfg().Max, p.least(i)) }

// penaltyTimeout bounds how long it may take to tell other gateways.
const penaltyTimeout = 5 * time.Second

// add takes in how a connection has ended.
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
