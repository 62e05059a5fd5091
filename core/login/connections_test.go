package login

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/frontend"
)

// TestPending checks the limit of connections of an address that have not logged in.
func TestPending(t *testing.T) {
	connect := start(t, newWorld(), guarded("max_per_address = 2\nban { allow = [\"203.0.113.1\"] }")).Connect
	a, b, trusted := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("203.0.113.1")
	first, err1 := connect(a)
	second, err2 := connect(b) // in the same /64
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if _, err := connect(a); !errors.Is(err, refusedPending) {
		t.Errorf("the third connection: %v", err)
	}
	if _, err := connect(netip.MustParseAddr("2001:db8:1::1")); err != nil {
		t.Errorf("a connection from elsewhere: %v", err)
	}
	first.LoggedIn()
	third, err := connect(a)
	if err != nil {
		t.Fatalf("a connection where one is logged in: %v", err)
	}
	// After LoggedIn it must not free another place.
	first.Ended(frontend.EndedFine)
	if _, err := connect(a); !errors.Is(err, refusedPending) {
		t.Errorf("one connection too many again: %v", err)
	}
	second.Ended(frontend.EndedFine)
	third.Ended(frontend.EndedFine)
	for range 5 {
		if _, err := connect(trusted); err != nil {
			t.Errorf("a connection of a trusted address: %v", err)
		}
	}
}

// TestConnectionsOfAnAddress checks the limits that also count connections that have logged in.
func TestConnectionsOfAnAddress(t *testing.T) {
	connect := start(t, newWorld(), `limits {
  total { connections = 5 }
  per_address { connections = 3 }
}`).Connect
	open := func(addr string) (frontend.Visit, error) {
		v, err := connect(netip.MustParseAddr(addr))
		if err == nil {
			v.LoggedIn()
		}
		return v, err
	}
	first, _ := open("192.0.2.1")
	open("192.0.2.1")
	open("192.0.2.1")
	if _, err := open("192.0.2.1"); !errors.Is(err, refusedPerAddress) {
		t.Errorf("a fourth connection of one address: %v", err)
	}
	open("192.0.2.2")
	if _, err := open("192.0.2.3"); err != nil {
		t.Errorf("the fifth connection in all: %v", err)
	}
	if _, err := open("192.0.2.4"); !errors.Is(err, refusedTotal) {
		t.Errorf("the sixth connection in all: %v", err)
	}
	first.Ended(frontend.EndedFine)
	if _, err := open("192.0.2.1"); err != nil {
		t.Errorf("a connection where one has ended: %v", err)
	}
}

// come connects from an address, and ends the connection with the given result.
func (d *desk) come(addr string, how frontend.Ending) error {
	v, err := d.Connect(netip.MustParseAddr(addr))
	if err == nil {
		v.Ended(how)
	}
	return err
}

// TestPenalties checks that an address whose connections do not lead to a login is refused for an
// increasing time.
func TestPenalties(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, newWorld(), guarded(`penalty { max = "1m" }`))
		for i, how := range []frontend.Ending{
			frontend.EndedTimeout, frontend.EndedFine, frontend.EndedNoLogin, frontend.EndedNoLogin, frontend.EndedNoLogin, frontend.EndedNoLogin, frontend.EndedNoLogin,
		} { // 10s, and 5 times 1s
			if err := d.come("192.0.2.1", how); err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
		}
		if err := d.come("192.0.2.1", frontend.EndedFine); !errors.Is(err, refusedPenalty) {
			t.Errorf("a connection after 15s of penalties: %v", err)
		}
		if err := d.come("192.0.2.2", frontend.EndedFine); err != nil {
			t.Errorf("a connection of the neighbour: %v", err)
		}
		time.Sleep(time.Second)
		if err := d.come("192.0.2.1", frontend.EndedHandshake); err != nil {
			t.Errorf("a connection a second later: %v", err)
		}
		if n := d.counts.bans["connections"]; n != 2 {
			t.Errorf("%d times an address is counted as held off, want twice", n)
		}
	})
}

// TestPenaltiesHaveAnEnd checks that penalties do not exceed the configured maximum.
func TestPenaltiesHaveAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, newWorld(), guarded(`penalty { max = "1m" }`))
		var all []frontend.Visit
		for range 30 {
			v, err := d.Connect(netip.MustParseAddr("192.0.2.1"))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
		}
		for _, v := range all {
			v.Ended(frontend.EndedTimeout)
		}
		time.Sleep(45 * time.Second)
		if err := d.come("192.0.2.1", frontend.EndedFine); !errors.Is(err, refusedPenalty) {
			t.Errorf("a connection 45s later: %v", err)
		}
		time.Sleep(time.Second)
		if err := d.come("192.0.2.1", frontend.EndedFine); err != nil {
			t.Errorf("a connection when less than 15s are left: %v", err)
		}
	})
}

// TestPenaltyOfANetwork checks that penalties of many addresses in a network also apply to its
// other addresses.
func TestPenaltyOfANetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, newWorld(), "")
		// 10s for each address, which is less than the 15s that hold off an address.
		for i := range 24 {
			if err := d.come(fmt.Sprintf("2001:db8:1:%x::1", i), frontend.EndedTimeout); err != nil {
				t.Fatalf("address %d: %v", i, err)
			}
		}
		if err := d.come("2001:db8:1:ffff::1", frontend.EndedFine); !errors.Is(err, refusedPenalty) {
			t.Errorf("another address of the network: %v", err)
		}
		if err := d.come("2001:db8:2::1", frontend.EndedFine); err != nil {
			t.Errorf("another network: %v", err)
		}
	})
}

// TestKnownKeepsItsWayIn checks that a user who has logged in from an address can do so again,
// despite bans and penalties that others have caused there.
func TestKnownKeepsItsWayIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, newWorld(), guarded("fail_delay = \"0s\"\nban {\n failures = 3\n slow_after = 0\n}"))
		if _, err := d.try(t, from("192.0.2.7")); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			d.come("192.0.2.7", frontend.EndedTimeout)
			d.Login(t.Context(), request(func(r *auth.Request) { from("192.0.2.7")(r); r.User = "bob" }))
		}
		if _, err := d.try(t, func(r *auth.Request) { from("192.0.2.7")(r); r.User = "carol" }); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login of a stranger at the banned address: %v", err)
		}
		var held []frontend.Visit
		for i := range knownPending {
			v, err := d.Connect(netip.MustParseAddr("192.0.2.7"))
			if err != nil {
				t.Fatalf("connection %d of a known address: %v", i, err)
			}
			held = append(held, v)
		}
		if _, err := d.Connect(netip.MustParseAddr("192.0.2.7")); err == nil {
			t.Error("a known address that is banned has any number of connections")
		}
		for _, v := range held {
			v.Ended(frontend.EndedFine)
		}
		if _, err := d.try(t, from("192.0.2.7")); err != nil {
			t.Errorf("a login of a user who is known there: %v", err)
		}
		for range 3 {
			d.try(t, wrongFrom("192.0.2.7"))
		}
		if _, err := d.try(t, from("192.0.2.7")); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login of a known user at whom was guessed from there: %v", err)
		}
	})
}

// TestPenaltiesAreShared uses two gateways with one cache: penalties at one count at the other, and
// so do known addresses.
func TestPenaltiesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w1, w2 := newWorld(), newWorld()
		w2.shelf = w1.shelf
		one, two := start(t, w1, `cache "shelf" {}`), start(t, w2, `cache "shelf" {}`)
		one.come("192.0.2.1", frontend.EndedTimeout)
		one.come("192.0.2.1", frontend.EndedHandshake)
		visit, err := two.Connect(netip.MustParseAddr("192.0.2.1"))
		if err == nil {
			err = visit.Check(t.Context())
			visit.Ended(frontend.EndedFine)
		}
		if !errors.Is(err, refusedPenalty) {
			t.Errorf("a connection to the other gateway: %v", err)
		}
		if err := two.come("192.0.2.1", frontend.EndedFine); !errors.Is(err, refusedPenalty) {
			t.Errorf("the next one, without another question: %v", err)
		}
		one.try(t, from("192.0.2.9"))
		one.come("192.0.2.9", frontend.EndedTimeout)
		one.come("192.0.2.9", frontend.EndedTimeout)
		visit, err = two.Connect(netip.MustParseAddr("192.0.2.9"))
		if err == nil {
			err = visit.Check(t.Context())
			visit.Ended(frontend.EndedFine)
		}
		if err != nil {
			t.Errorf("a connection of an address that is known at the other gateway: %v", err)
		}
	})
}
