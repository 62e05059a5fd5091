package login

import (
	"context"
	"net/netip"
	"sync"

	"filegate/core/cache"
	"filegate/core/frontend"
)

// The reasons for refusing a connection before anything is sent to it. The texts tell the client
// what to do, and nothing about other clients.
var (
	refusedBanned     = &frontend.Refusal{Kind: "banned", Reason: "too many failed logins", Text: "Too many failed logins from your address, try again later."}
	refusedPenalty    = &frontend.Refusal{Kind: "held_off", Reason: "too many connections that came to no login", Text: "Too many connections from your address without a login, try again later."}
	refusedPending    = &frontend.Refusal{Kind: "max_per_address", Reason: "too many connections of this address that have not logged in", Text: "Too many connections from your address are logging in, try again later."}
	refusedPerAddress = &frontend.Refusal{Kind: "per_address", Reason: "too many connections of this address", Text: "Too many connections from your address, try again later."}
	refusedTotal      = &frontend.Refusal{Kind: "total", Reason: "too many connections in all", Text: "Too many connections, try again later."}
)

// knownPending is how many connections may be logging in from an address that is banned or held
// off, if a user has lately logged in from it. So known users can still log in, whatever other
// clients at the address do.
const knownPending = 5

// connections counts the connections of each address, of all frontends together.
type connections struct {
	rules     *rules
	bans      *bans
	penalties *penalties

	mu     sync.Mutex
	open   int
	counts map[netip.Prefix]*addressCount
}

type addressCount struct{ open, pending int }

func newConnections(r *rules, b *bans, p *penalties) *connections {
	return &connections{rules: r, bans: b, penalties: p, counts: map[netip.Prefix]*addressCount{}}
}

// visit is one connection.
type visit struct {
	all     *connections
	remote  netip.Addr
	network netip.Prefix
	known   bool
	trusted bool // the operator trusts the address: the connection is only counted
	through sync.Once
}

var _ frontend.Visit = (*visit)(nil)

// connect counts a connection, or returns a Refusal. See [frontend.Env].Connect.
func (c *connections) connect(remote netip.Addr) (frontend.Visit, error) {
	v := &visit{all: c, remote: remote, network: network(remote), trusted: !remote.IsValid() || c.bans.exempt(remote)}
	v.known = remote.IsValid() && c.bans.knownHere(remote)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.counts[v.network]
	if n == nil {
		n = new(addressCount)
	}
	if total := c.rules.now().limits.Total.Connections; total > 0 && c.open >= total {
		return nil, refusedTotal
	}
	if !v.trusted {
		if err := c.wants(v, *n); err != nil {
			return nil, err
		}
	}
	c.counts[v.network] = n
	c.open++
	n.open++
	n.pending++
	return v, nil
}

// wants returns why a further connection from an address is refused. n counts the connections that
// the address has.
func (c *connections) wants(v *visit, n addressCount) error {
	r := c.rules.now()
	pending, perOne := r.login.MaxPerAddress, r.limits.Address.Connections
	switch {
	case pending > 0 && n.pending >= pending:
		return refusedPending
	case perOne > 0 && n.open >= perOne:
		return refusedPerAddress
	case v.known && n.pending < knownPending:
		return nil
	}
	return c.heldOff(v)
}

// heldOff returns why an address is refused, as far as this process knows.
func (c *connections) heldOff(v *visit) error {
	switch {
	case c.bans.bannedHere(context.Background(), v.remote):
		return refusedBanned
	case c.penalties.holdsOff(v.remote):
		return refusedPenalty
	}
	return nil
}

// Known implements [frontend.Visit].
func (v *visit) Known() bool { return v.known || v.trusted }

// Check implements [frontend.Visit].
func (v *visit) Check(ctx context.Context) error {
	c := v.all
	if len(c.bans.all) == 1 || v.trusted || v.known {
		return nil
	}
	keys := []cache.Key{addressKey(v.remote), knownAddressKey(v.remote)}
	c.bans.learn(ctx, append(keys, c.penalties.keys(v.remote)...))
	if c.bans.knownHere(v.remote) {
		return nil
	}
	return c.heldOff(v)
}

// LoggedIn implements [frontend.Visit].
func (v *visit) LoggedIn() {
	v.through.Do(func() {
		v.all.mu.Lock()
		defer v.all.mu.Unlock()
		v.all.counts[v.network].pending--
	})
}

// Ended implements [frontend.Visit].
func (v *visit) Ended(how frontend.Ending) {
	v.LoggedIn() // the connection is no longer pending
	v.uncount()
	if !v.trusted {
		v.all.penalties.add(v.remote, how)
	}
}

func (v *visit) uncount() {
	c := v.all
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	n := c.counts[v.network]
	if n.open--; n.open == 0 {
		delete(c.counts, v.network)
	}
}
