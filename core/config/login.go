package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Login is the block "login": how logins are checked, in all frontends.
type Login struct {
	// FailDelay is the minimum duration of a failed login, whatever the reason, so that the
	// duration does not reveal which users exist. A random part of up to a quarter is added.
	FailDelay time.Duration `hcl:"fail_delay,optional"`
	// Concurrent is the maximum number of logins that are checked at the same time. Further logins
	// wait.
	Concurrent int `hcl:"concurrent,optional"`
	// MaxPerAddress is the maximum number of connections from one address without a login; 0: no
	// limit. IPv6 addresses count by their /64 network.
	MaxPerAddress int `hcl:"max_per_address,optional"`
	// CacheFor is the maximum time for which a successful login with the same proof from the same
	// address can be repeated without asking the authenticator, if the authenticator allows it; 0:
	// never.
	CacheFor time.Duration `hcl:"cache_for,optional"`
	// Revalidate is the interval at which the authenticator is asked whether a logged-in user may
	// stay; 0: never.
	Revalidate time.Duration `hcl:"revalidate,optional"`
	// Grace is how long a session continues if that question cannot be answered.
	Grace time.Duration `hcl:"grace,optional"`
	// Ban configures the bans after failed logins.
	Ban Ban `hcl:"ban,block"`
	// Penalty configures the penalties for connections that end without a login.
	Penalty Penalty `hcl:"penalty,block"`
	// MaxWaiting is the maximum number of logins that wait. Further ones are refused and may be
	// tried later.
	MaxWaiting int `hcl:"max_waiting,optional"`
}

// Penalty is the block "penalty" of a [Login]: the time for which an address is refused for each
// connection that ends without a login. Penalties add up and decay with time. They count for the
// address and for its network, which has a higher threshold.
type Penalty struct {
	// NoLogin is the penalty for leaving without an attempt to log in.
	NoLogin time.Duration `hcl:"no_login,optional"`
	// Handshake is the penalty for a client that does not speak the protocol, or has no algorithm
	// in common with the server.
	Handshake time.Duration `hcl:"handshake,optional"`
	// Keys is the penalty for offering only keys that are not accepted.
	Keys time.Duration `hcl:"keys,optional"`
	// Timeout is the penalty for not logging in within the permitted time.
	Timeout time.Duration `hcl:"timeout,optional"`
	// Min is the sum of penalties from which on connections are refused, and Max is the maximum of
	// the sum; 0: connections are not refused.
	Min time.Duration `hcl:"min,optional"`
	Max time.Duration `hcl:"max,optional"`
}

// Ban is the block "ban" of a [Login].
type Ban struct {
	// Failures is the number of failed logins from one address within Window after which all its
	// logins are refused for Duration; 0: no bans.
	Failures int `hcl:"failures,optional"`
	// UserFailures is the number of failed logins of one user within Window, from all addresses,
	// with a method that can be guessed. After that, logins of the user with such a method are
	// refused for Duration, except from addresses that are known for the user; 0: no bans.
	UserFailures int           `hcl:"user_failures,optional"`
	Window       time.Duration `hcl:"window,optional"`
	Duration     time.Duration `hcl:"duration,optional"`
	// SlowAfter is the number of failed logins within Window, from one address or of one user from
	// all addresses, after which each further login is delayed, by increasing times up to MaxDelay;
	// 0: no delays. At an address that is known for the user, only the user's failures at this
	// address count.
	SlowAfter int           `hcl:"slow_after,optional"`
	MaxDelay  time.Duration `hcl:"max_delay,optional"`
	// Allow contains networks, such as "192.0.2.0/24", from which logins are never refused or
	// delayed because of earlier failures, not even those of a banned user.
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
	const longest = 15 * time.Second // less than the default time that frontends allow for a login
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
