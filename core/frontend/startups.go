package frontend

import (
	"math/rand/v2"
	"net/netip"
)

// The share of MaxStartups from which on a client is refused by chance, and how likely that is
// there. It grows to certainty, as with OpenSSH's MaxStartups 10:30:100.
const (
	dropFrom   = 0.3
	dropAtFrom = 0.3
	// fewStartups is up to how many places nobody is refused by chance.
	fewStartups = 10
)

// room reports whether one more client may begin a login. Places go first to addresses that have
// none: chance decides about the others as soon as places get scarce, and when there is none left,
// the oldest client of the address that holds the most has to go. Else a stranger with one address,
// who opens connections and says nothing, would keep everybody out. An address from which somebody
// has logged in lately goes before others that have none either. It is called with mu held.
func (s *Clients) room(c *Conn) bool {
	mine := 0
	byAddress := map[netip.Prefix]int{}
	for other := range s.open {
		if other.in || other.dropped {
			continue
		}
		byAddress[Network(other.Remote.Addr())]++
	}
	mine = byAddress[Network(c.Remote.Addr())]
	switch {
	case mine > 0 && s.cfg.MaxStartups > fewStartups && rand.Float64() < dropChance(s.startups, s.cfg.MaxStartups):
		return false
	case s.startups < s.cfg.MaxStartups:
		return true
	case mine > 0:
		return false
	}
	return s.dropOldest(byAddress, c.visit.Known())
}

// Network is what counts as one address: an address of IPv4, and of IPv6 the /64 that one customer
// of a provider has at least.
func Network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}

// dropChance returns how likely a client is refused while n of most places are taken.
func dropChance(n, most int) float64 {
	begin := dropFrom * float64(most)
	if float64(n) < begin {
		return 0
	}
	return dropAtFrom + (1-dropAtFrom)*(float64(n)-begin)/(float64(most)-begin)
}

// dropOldest hangs up on the client that has waited longest of the address with the most clients
// that log in. One that is the only one of its address is spared, unless it makes room for a known
// address and is not known itself.
func (s *Clients) dropOldest(byAddress map[netip.Prefix]int, forKnown bool) bool {
	var oldest *Conn
	count := func(c *Conn) int { return byAddress[Network(c.Remote.Addr())] }
	for c := range s.open {
		if c.in || c.dropped || count(c) < 2 && !(forKnown && !c.visit.Known()) {
			continue
		}
		if oldest == nil || count(c) > count(oldest) || count(c) == count(oldest) && c.began.Before(oldest.began) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	oldest.dropped = true
	s.startups--
	oldest.cut()
	oldest.Log.Info("hung up on a client that was logging in, to make room for another address", "clients", count(oldest))
	return true
}
