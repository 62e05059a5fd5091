package login

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"filegate/core/auth"
)

// try logs in and closes the session. It returns the error and the time that the login took.
func (d *desk) try(t *testing.T, change func(*auth.Request)) (took time.Duration, err error) {
	t.Helper()
	began := time.Now()
	sess, _, err := d.Login(t.Context(), request(change))
	took = time.Since(began)
	if sess != nil {
		sess.Close()
		synctest.Wait()
	}
	return took, err
}

func from(addr string) func(*auth.Request) {
	return func(r *auth.Request) { r.Remote = netip.AddrPortFrom(netip.MustParseAddr(addr), 4711) }
}

func wrongFrom(addr string) func(*auth.Request) {
	return func(r *auth.Request) { from(addr)(r); r.Password = "wrong" }
}

// TestFailuresLookAlike uses an authenticator that takes longer for a known user. All failed logins
// must take the same time, and others must be answered at once.
func TestFailuresLookAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.authenticate = func(req auth.Request) (auth.Response, error) {
			if req.User == "alice" {
				time.Sleep(700 * time.Millisecond)
			}
			return onlyAlice(req)
		}
		g := start(t, w, guarded("ban { slow_after = 0 }"))
		for _, tt := range []struct {
			name     string
			change   func(*auth.Request)
			min, max time.Duration
		}{
			{"right", nil, 700 * time.Millisecond, 700 * time.Millisecond},
			{"wrong password", func(r *auth.Request) { r.Password = "wrong" }, 2 * time.Second, 2500 * time.Millisecond},
			{"unknown user", func(r *auth.Request) { r.User = "bob" }, 2 * time.Second, 2500 * time.Millisecond},
			{"no such method", func(r *auth.Request) { r.Method, r.Verified = auth.PublicKey, true }, 2 * time.Second, 2500 * time.Millisecond},
			{"question about a key", func(r *auth.Request) { r.User, r.Method = "bob", auth.PublicKey }, 0, 0},
		} {
			for range 3 {
				if took, err := g.try(t, tt.change); took < tt.min || took > tt.max {
					t.Errorf("%s: answered after %v with %v, want from %v to %v", tt.name, took, err, tt.min, tt.max)
				}
			}
		}
		w.authenticate = func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrUnavailable }
		if took, err := g.try(t, nil); took != 0 || !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("what nobody could answer took %v, %v", took, err)
		}
	})
}

// TestFailureOfAClientThatIsGone checks that the delayed answer is not waited for after the client
// has disconnected.
func TestFailureOfAClientThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), guarded(""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		g.Login(ctx, request(func(r *auth.Request) { r.User = "bob" }))
		if took := time.Since(began); took != time.Second {
			t.Errorf("the call ended after %v, and its context after a second", took)
		}
	})
}

// TestBan fails until the address is banned. Then the authenticator is not asked, other addresses
// can log in, and the ban expires.
func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		asked := 0
		w.authenticate = func(req auth.Request) (auth.Response, error) {
			asked++
			return onlyAlice(req)
		}
		g := start(t, w, guarded(`fail_delay = "0s"
ban {
  failures   = 3
  window     = "1m"
  duration   = "5m"
  slow_after = 0
  allow      = ["203.0.113.0/24"]
}`))
		addr := netip.MustParseAddr("192.0.2.7")
		for i := range 5 {
			if _, err := g.try(t, wrongFrom("192.0.2.7")); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("failure %d: %v", i, err)
			}
		}
		if asked != 3 {
			t.Errorf("the authenticator was asked %d times, want 3", asked)
		}
		if _, err := g.try(t, from("192.0.2.7")); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a good login of a banned address: %v", err)
		}
		if _, err := g.Connect(addr); !errors.Is(err, refusedBanned) {
			t.Errorf("a connection of a banned address: %v", err)
		}
		if _, err := g.try(t, from("192.0.2.8")); err != nil {
			t.Errorf("a login of the neighbour: %v", err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := g.try(t, from("192.0.2.7")); err != nil {
			t.Errorf("a login after the ban: %v", err)
		}
		for range 5 { // slowly: never three failures within a minute
			g.try(t, wrongFrom("192.0.2.7"))
			time.Sleep(40 * time.Second)
		}
		if _, err := g.try(t, from("192.0.2.7")); err != nil {
			t.Errorf("a login after failures that were far between: %v", err)
		}
		for range 5 {
			g.try(t, wrongFrom("203.0.113.9"))
		}
		if _, err := g.try(t, from("203.0.113.9")); err != nil {
			t.Errorf("a login of a trusted address: %v", err)
		}
	})
}

// TestBanByNetwork checks that all addresses in a /64 of IPv6 count as one, and that both forms of
// an IPv4 address are the same.
func TestBanByNetwork(t *testing.T) {
	for _, tt := range []struct {
		bad, other string
		banned     bool
	}{
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
	} {
		g := start(t, newWorld(), guarded("fail_delay = \"0s\"\nban { failures = 1 }"))
		g.Login(t.Context(), request(wrongFrom(tt.bad)))
		_, err := g.Connect(netip.MustParseAddr(tt.other))
		if errors.Is(err, refusedBanned) != tt.banned {
			t.Errorf("after a failure of %s, %s connects with %v, want it banned: %v", tt.bad, tt.other, err, tt.banned)
		}
		g.stop()
	}
}

// TestBanIsShared uses two gateways with one cache. Failures at one count at the other, and a
// gateway counts its own failures even if the cache has lost them.
func TestBanIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := guarded("fail_delay = \"0s\"\nban {\n failures = 4\n slow_after = 0\n}") + `cache "shelf" {}`
		w1, w2 := newWorld(), newWorld()
		w2.shelf = w1.shelf
		one, two := start(t, w1, text), start(t, w2, text)
		for range 2 {
			one.try(t, wrongFrom("192.0.2.7"))
			two.try(t, wrongFrom("192.0.2.7"))
		}
		for name, g := range map[string]*desk{"one": one, "two": two} {
			if _, err := g.try(t, from("192.0.2.7")); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("gateway %s lets in an address that has failed four times at both: %v", name, err)
			}
			if _, err := g.Connect(netip.MustParseAddr("192.0.2.7")); !errors.Is(err, refusedBanned) {
				t.Errorf("gateway %s takes a connection of it: %v", name, err)
			}
		}
		for range 4 {
			// The cache loses the record.
			w1.shelf.Delete(t.Context(), addressKey(netip.MustParseAddr("192.0.2.9")))
			one.try(t, wrongFrom("192.0.2.9"))
		}
		if _, err := one.try(t, from("192.0.2.9")); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a gateway whose cache forgets does not count itself: %v", err)
		}
	})
}

// TestSlowdown guesses the password of one user from many addresses. Each further login of that
// user is delayed longer, logins of others are not, and a successful login ends the delay.
func TestSlowdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), guarded("fail_delay = \"0s\"\nban {\n max_delay = \"3s\"\n allow = [\"203.0.113.0/24\"]\n}"))
		want := []time.Duration{0, 0, 0, 0, 0, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}
		for i, w := range want {
			if took, _ := g.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+1))); took != w {
				t.Errorf("failure %d took %v, want %v", i+1, took, w)
			}
		}
		if took, _ := g.try(t, func(r *auth.Request) { r.User = "bob" }); took != 0 {
			t.Errorf("another user waited %v", took)
		}
		if took, _ := g.try(t, wrongFrom("203.0.113.7")); took != 0 {
			t.Errorf("a failure from a trusted network waited %v", took)
		}
		if took, err := g.try(t, from("192.0.2.200")); err != nil || took != 3*time.Second {
			t.Errorf("the right password: %v after %v, want success after 3s", err, took)
		}
		if took, err := g.try(t, from("192.0.2.200")); err != nil || took != 0 {
			t.Errorf("the right password once more: %v after %v, want success at once", err, took)
		}
	})
}

// TestUserBan guesses the password of one user from many addresses. The user is then banned, except
// at addresses of earlier logins, with a key, and from networks in ban.allow. The ban expires.
func TestUserBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		asked := 0
		w.authenticate = func(req auth.Request) (auth.Response, error) {
			asked++
			if req.Method == auth.PublicKey {
				return auth.Response{Identity: &auth.Identity{User: "alice"}}, nil
			}
			return onlyAlice(req)
		}
		g := start(t, w, guarded(`fail_delay = "2s"
ban {
  user_failures = 5
  window        = "1m"
  duration      = "5m"
  slow_after    = 0
  allow         = ["203.0.113.0/24"]
}`))
		guess := func(n int) {
			for i := range n {
				g.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+100)))
			}
		}
		if _, err := g.try(t, from("192.0.2.7")); err != nil {
			t.Fatal(err)
		}
		guess(5)
		asked = 0
		if took, err := g.try(t, from("192.0.2.8")); !errors.Is(err, auth.ErrDenied) || took < 2*time.Second {
			t.Errorf("the right password from elsewhere: %v after %v, want it refused as a wrong one is", err, took)
		}
		if asked != 0 {
			t.Errorf("the authenticator was asked %d times about somebody who is banned", asked)
		}
		for what, change := range map[string]func(*auth.Request){
			"where he is known":      from("192.0.2.7"),
			"from a trusted network": from("203.0.113.9"),
			"by a key": func(r *auth.Request) {
				from("192.0.2.8")(r)
				r.Method, r.Verified, r.Password = auth.PublicKey, true, ""
			},
		} {
			if _, err := g.try(t, change); err != nil {
				t.Errorf("a login %s: %v", what, err)
			}
		}
		if _, err := g.try(t, from("192.0.2.9")); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login from elsewhere when the user has logged in meanwhile: %v, want him banned still", err)
		}
		if _, err := g.try(t, from("192.0.2.8")); err != nil {
			t.Errorf("a password from where the key has been: %v", err)
		}
		if _, err := g.Connect(netip.MustParseAddr("192.0.2.100")); err != nil {
			t.Errorf("a connection of an address that has failed once: %v", err)
		}
		if _, err := g.try(t, func(r *auth.Request) { r.User = "bob" }); !errors.Is(err, auth.ErrUnknownUser) {
			t.Errorf("a login of somebody else: %v", err)
		}
		time.Sleep(5 * time.Minute)
		if _, err := g.try(t, from("192.0.2.9")); err != nil {
			t.Errorf("a login after the ban: %v", err)
		}
		time.Sleep(knownFor)
		guess(5)
		if _, err := g.try(t, from("192.0.2.7")); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login from where the user was a month ago: %v, want it refused", err)
		}
	})
}

// TestUserBanIsOff checks that user_failures = 0 disables user bans.
func TestUserBanIsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), guarded("ban {\n user_failures = 0\n slow_after = 0\n}"))
		for i := range 200 {
			g.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+1)))
		}
		if _, err := g.try(t, from("192.0.2.250")); err != nil {
			t.Error(err)
		}
	})
}

// TestKnownIsNotSlow checks that a user is not delayed at an address of an earlier login, and that
// such a login does not reset the count of failures at other addresses.
func TestKnownIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), guarded("fail_delay = \"0s\""))
		g.try(t, from("192.0.2.7"))
		for i := range 6 {
			g.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+100)))
		}
		if took, err := g.try(t, from("192.0.2.7")); err != nil || took != 0 {
			t.Errorf("where the user is known: %v after %v, want success at once", err, took)
		}
		if took, _ := g.try(t, wrongFrom("192.0.2.200")); took != time.Second {
			t.Errorf("a guess after that took %v, want a second", took)
		}
	})
}

// TestUserBanIsShared uses two gateways with one cache. A ban of a user counts at both. An address
// from which the user has logged in to one is also known at the other, which was started later.
func TestUserBanIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := guarded("fail_delay = \"0s\"\nban {\n user_failures = 6\n slow_after = 0\n}") + `cache "shelf" {}`
		w1, w2 := newWorld(), newWorld()
		w2.shelf = w1.shelf
		one := start(t, w1, text)
		one.try(t, from("192.0.2.7"))
		two := start(t, w2, text)
		for i := range 3 {
			one.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+100)))
			two.try(t, wrongFrom(fmt.Sprintf("192.0.2.%d", i+200)))
		}
		for name, g := range map[string]*desk{"one": one, "two": two} {
			if _, err := g.try(t, from("192.0.2.8")); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("gateway %s lets in a user at whom both have seen guesses: %v", name, err)
			}
			if _, err := g.try(t, from("192.0.2.7")); err != nil {
				t.Errorf("gateway %s does not know where the user has logged in: %v", name, err)
			}
		}
	})
}

// TestBanLine checks the documented format of the log lines about bans, and that the documented
// expressions find the banned address.
func TestBanLine(t *testing.T) {
	w := newWorld()
	g, log := build(t, w, guarded("fail_delay = \"0s\"\nban {\n failures = 2\n user_failures = 3\n}"))
	for _, addr := range []string{"192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.9"} {
		g.Login(t.Context(), request(func(r *auth.Request) {
			from(addr)(r)
			r.User = "x\" remote=198.51.100.1:1"
		}))
	}
	banned := regexp.MustCompile(`msg="address banned" service=\w+ remote=\[?([0-9a-f.:]+?)\]?:\d+ failures=`).FindAllStringSubmatch(log.String(), -1)
	failed := regexp.MustCompile(`msg="login failed" service=\w+ remote=\[?([0-9a-f.:]+?)\]?:\d+ method=\S+ reason=(?:denied|unknown_user|invalid|banned) user=`).FindAllStringSubmatch(log.String(), -1)
	users := regexp.MustCompile(`msg="user banned" service=\w+ remote=\[?([0-9a-f.:]+?)\]?:\d+ failures=`).FindAllStringSubmatch(log.String(), -1)
	var addrs []string
	for _, m := range failed {
		addrs = append(addrs, m[1])
	}
	// The last login is refused because the user is banned, which is not a failure of its address.
	if len(banned) != 1 || banned[0][1] != "192.0.2.7" || len(users) != 1 || users[0][1] != "192.0.2.8" ||
		strings.Join(addrs, " ") != "192.0.2.7 192.0.2.7 192.0.2.7 192.0.2.8" ||
		!strings.Contains(log.String(), "reason=banned") || !strings.Contains(log.String(), "reason=user_banned") {
		t.Errorf("the expressions find %q, %q and %q in %q", banned, users, failed, log.String())
	}
	if g.counts.bans["address"] != 1 || g.counts.bans["user"] != 1 {
		t.Errorf("the bans are counted as %v, want one of each", g.counts.bans)
	}
}

// TestRecordRoundTrip checks that a record is decoded correctly, and that an invalid one bans
// nobody.
func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := tally{
			count: rapid.IntRange(0, 1<<30).Draw(t, "count"),
			since: time.UnixMilli(rapid.Int64Range(0, 1<<50).Draw(t, "since")), banned: time.UnixMilli(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "banned")),
		}
		if got := decodeTally(want.encode()); got != want {
			t.Errorf("%+v became %+v", want, got)
		}
		decodeTally(rapid.SliceOf(rapid.Byte()).Draw(t, "rubbish"))
		if got := decodeTally(want.encode()[:rapid.IntRange(0, 2).Draw(t, "length")]); got != (tally{}) {
			t.Errorf("half a record is %+v", got)
		}
	})
}
