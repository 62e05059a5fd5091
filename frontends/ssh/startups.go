package ssh

import (
	"math/rand/v2"
	"net/netip"
)

// The share of max_startups from which on a client is refused by chance, and how likely that is there. It grows to certainty, as with OpenSSH's
// MaxStartups 10:30:100.
const (
	dropFrom   = 0.3
	dropAtFrom = 0.3
	// fewStartups is up to how many places nobody is refused by chance.
	fewStartups = 10
)

// room reports whether one more client may begin a login. Places go first to addresses that have none: chance decides about
// the others as soon as places get scarce, and when there is none left, the oldest client of the address that holds the most has to go. Else a stranger with
// one address, who opens connections and says nothing, would keep everybody out. It is called with mu held.
func (s *Server) room(c *conn) bool {
	mine := 0
	byAddress := map[netip.Addr]int{}
	for other := range s.conns {
		if other.in || other.dropped {
			continue
		}
		byAddress[other.remote]++
		if other.remote == c.remote {
			mine++
		}
	}
	switch {
	case mine > 0 && s.maxStartups > fewStartups && rand.Float64() < dropChance(s.startups, s.maxStartups):
		return false
	case s.startups < s.maxStartups:
		return true
	case mine > 0:
		return false
	}
	return s.dropOldest(byAddress)
}

// dropChance returns how likely a client is refused while n of max places are taken.
func dropChance(n, max int) float64 {
	begin := dropFrom * float64(max)
	if float64(n) < begin {
		return 0
	}
	return dropAtFrom + (1-dropAtFrom)*(float64(n)-begin)/(float64(max)-begin)
}

// dropOldest hangs up on the client that has waited longest of the address with the most clients that log in, if that has more than one.
func (s *Server) dropOldest(byAddress map[netip.Addr]int) bool {
	var oldest *conn
	for c := range s.conns {
		if c.in || c.dropped || byAddress[c.remote] < 2 {
			continue
		}
		if oldest == nil || byAddress[c.remote] > byAddress[oldest.remote] ||
			byAddress[c.remote] == byAddress[oldest.remote] && c.used.began.Before(oldest.used.began) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	oldest.dropped = true
	s.startups--
	oldest.net.Close()
	oldest.log.Info("hung up on a client that was logging in, to make room for another address", "clients", byAddress[oldest.remote])
	return true
}
