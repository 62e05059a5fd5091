package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Login is the block "login": how logins are checked, in all frontends.
type Login struct {
	// FailDelay is how long a login takes at least that fails, whatever the reason: so it tells
	// nothing about which names there are. A random part of up to a quarter is added.
	FailDelay time.Duration `hcl:"fail_delay,optional"`
	// Concurrent is how many logins are checked at a time. Others wait.
	Concurrent int `hcl:"concurrent,optional"`
	// MaxPerAddress is how many connections of one address may not have logged in yet; 0: no limit.
	// Addresses of IPv6 count by the /64 that they are in.
	MaxPerAddress int `hcl:"max_per_address,optional"`
	// CacheFor is for how long at most the same login, with the same proof from the same address,
	// is answered without asking again, where the authenticator allows it; 0: not at all.
	CacheFor time.Duration `hcl:"cache_for,optional"`
	// Revalidate is how often it is asked whether somebody who is logged in may still be; 0: never.
	Revalidate time.Duration `hcl:"revalidate,optional"`
	// Grace is how long, after Revalidate, a session goes on while nobody can tell.
	Grace time.Duration `hcl:"grace,optional"`
	// Ban is about those who fail again and again.
	Ban Ban `hcl:"ban,block"`
	// Penalty is about connections that come to no login.
	Penalty Penalty `hcl:"penalty,block"`
	// MaxWaiting is how many logins may wait beside those that are checked. Others are told to come
	// later.
	MaxWaiting int `hcl:"max_waiting,optional"`
}

// Penalty is the block "penalty" of a [Login]: the time for which an address is refused for each
// connection that ends without a login. Penalties add up and decay with time. They count for the
// address and for its network, which has a higher threshold.
type Penalty struct {
	// NoLogin is for leaving without an attempt to log in.
	NoLogin time.Duration `hcl:"no_login,optional"`
	// Handshake is for what is no client of the protocol, or has nothing in common with the server.
	Handshake time.Duration `hcl:"handshake,optional"`
	// Keys is for asking about keys of which none will do.
	Keys time.Duration `hcl:"keys,optional"`
	// Timeout is for taking all the time that there is for a login.
	Timeout time.Duration `hcl:"timeout,optional"`
	// Min is what has to add up before connections are refused, and Max the most that adds up; 0:
	// nothing does, and nobody is refused.
	Min time.Duration `hcl:"min,optional"`
	Max time.Duration `hcl:"max,optional"`
}

// Ban is the block "ban" of a [Login].
type Ban struct {
	// Failures is how many logins of one address may fail within Window before all of its logins
	// are refused, for Duration; 0: none are.
	Failures int `hcl:"failures,optional"`
	// UserFailures is how many logins of one user by what can be guessed may fail within Window,
	// from wherever, before others of that kind are refused for Duration except from where he is
	// known; 0: none are.
	UserFailures int           `hcl:"user_failures,optional"`
	Window       time.Duration `hcl:"window,optional"`
	Duration     time.Duration `hcl:"duration,optional"`
	// SlowAfter is how many logins of one address, or of one user from wherever, may fail within
	// Window before each further one has to wait, longer and longer up to MaxDelay; 0: none has to.
	// A user does not have to where he is known.
	SlowAfter int           `hcl:"slow_after,optional"`
	MaxDelay  time.Duration `hcl:"max_delay,optional"`
	// Allow are networks that are neither banned nor slowed down, such as "192.0.2.0/24", and from
	// which users log in that are banned. Users are still slowed down there.
	Allow []string `hcl:"allow,optional"`
}

func defaultLogin() Login {
	return Login{
		FailDelay:     2 * time.Second,
		Concurrent:    64,
		MaxPerAddress: 50,
		CacheFor:      5 * time.Minute,
		Revalidate:    5 * time.Minute,
		Grace:         time.Hour,
		Ban:           Ban{Failures: 20, UserFailures: 100, Window: 10 * time.Minute, Duration: 10 * time.Minute, SlowAfter: 5, MaxDelay: 10 * time.Second},
		Penalty: Penalty{
			NoLogin: time.Second, Handshake: 5 * time.Second, Keys: 5 * time.Second, Timeout: 10 * time.Second,
			Min: 15 * time.Second, Max: 10 * time.Minute,
		},
		MaxWaiting: 1000,
	}
}

func (r *reader) checkLogin(l Login, top Block) {
	report := func(attribute, summary, detail string) {
		r.diags = append(r.diags, top.Diagnose("login."+attribute, summary, detail))
	}
	const longest = 15 * time.Second // a fraction of what frontends give a login by default
	for _, d := range []struct {
		name     string
		d        time.Duration
		min, max time.Duration
	}{
		{"fail_delay", l.FailDelay, 0, longest},
		{"cache_for", l.CacheFor, 0, 24 * time.Hour},
		{"revalidate", l.Revalidate, 0, 24 * time.Hour},
		{"grace", l.Grace, 0, 30 * 24 * time.Hour},
		{"ban.max_delay", l.Ban.MaxDelay, 0, longest},
		{"penalty.no_login", l.Penalty.NoLogin, 0, time.Hour},
		{"penalty.handshake", l.Penalty.Handshake, 0, time.Hour},
		{"penalty.keys", l.Penalty.Keys, 0, time.Hour},
		{"penalty.timeout", l.Penalty.Timeout, 0, time.Hour},
		{"penalty.min", l.Penalty.Min, time.Second, time.Hour},
		{"penalty.max", l.Penalty.Max, 0, 24 * time.Hour},
		{"ban.window", l.Ban.Window, time.Second, 24 * time.Hour},
		{"ban.duration", l.Ban.Duration, time.Second, 30 * 24 * time.Hour},
	} {
		if d.d < d.min || d.d > d.max {
			report(d.name, fmt.Sprintf("%v is out of range", d.d), fmt.Sprintf("Give a time from %q to %q.", d.min, d.max))
		}
	}
	for _, n := range []struct {
		name   string
		n, min int
	}{{"concurrent", l.Concurrent, 1}, {"max_per_address", l.MaxPerAddress, 0}, {"max_waiting", l.MaxWaiting, 0}, {"ban.failures", l.Ban.Failures, 0}, {"ban.user_failures", l.Ban.UserFailures, 0}, {"ban.slow_after", l.Ban.SlowAfter, 0}} {
		if n.n < n.min {
			report(n.name, fmt.Sprintf("%d is too little", n.n), fmt.Sprintf("Give a number of at least %d.", n.min))
		}
	}
	if _, err := l.Ban.Networks(); err != nil {
		report("ban.allow", "Not a network: "+err.Error(), `Write networks such as "192.0.2.0/24" and "2001:db8::/32", or single addresses.`)
	}
}

// Networks returns the networks of Allow.
func (b Ban) Networks() ([]netip.Prefix, error) {
	all := make([]netip.Prefix, len(b.Allow))
	for i, text := range b.Allow {
		var err error
		if strings.Contains(text, "/") {
			all[i], err = netip.ParsePrefix(text)
		} else {
			var addr netip.Addr
			addr, err = netip.ParseAddr(text)
			all[i] = netip.PrefixFrom(addr, addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q", text)
		}
	}
	return all, nil
}
