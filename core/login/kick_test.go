package login

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
)

// TestKickUser checks that a kick ends the user's sessions, and that the next login asks the
// authenticator.
func TestKickUser(t *testing.T) {
	w := newWorld()
	w.authenticate = func(req auth.Request) (auth.Response, error) {
		resp, err := onlyAlice(req)
		if resp.Identity != nil {
			resp.Identity.CacheFor = time.Minute
		}
		return resp, err
	}
	d := start(t, w, "")
	first, second := d.enter(t), d.enter(t)
	if n := w.askedTimes(); n != 1 {
		t.Fatalf("the authenticator was asked %d times for two logins of which the second is remembered", n)
	}
	if n := d.KickUser("bob"); n != 0 || first.Context().Err() != nil {
		t.Errorf("kicking another user ended %d sessions", n)
	}
	if n := d.KickUser("alice"); n != 2 || first.Context().Err() == nil || second.Context().Err() == nil {
		t.Errorf("%d sessions were ended, want both", n)
	}
	third := d.enter(t)
	if n := w.askedTimes(); n != 2 {
		t.Errorf("after the kick the authenticator was asked %d times in all, want 2", n)
	}
	if d.KickSession("nobody's") || third.Context().Err() != nil {
		t.Error("a session was kicked by a name that is not its own")
	}
	if !d.KickSession(third.ID()) || third.Context().Err() == nil {
		t.Error("the session was not kicked")
	}
}

// TestBanList lists automatic bans and those of the operator, and lifts both.
func TestBanList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, newWorld(), guarded("ban {\n failures = 3\n user_failures = 4\n slow_after = 0\n duration = \"10m\"\n}"))
		for range 3 {
			d.try(t, wrongFrom("192.0.2.1"))
		}
		d.try(t, wrongFrom("192.0.2.2"))
		bans := d.Bans()
		if len(bans) != 2 || bans[1].Of != "address" || bans[1].Name != "192.0.2.1/32" || bans[0].Of != "user" || bans[0].Name != "alice" {
			t.Fatalf("the bans are %v, want those of the address and the user", bans)
		}
		if left := time.Until(bans[0].Until); left <= 9*time.Minute || left > 10*time.Minute {
			t.Errorf("the ban ends in %v, want ten minutes", left)
		}
		for _, ban := range bans {
			if err := d.LiftBan(t.Context(), ban.Of, ban.Name); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.try(t, from("192.0.2.1")); err != nil || len(d.Bans()) != 0 {
			t.Errorf("after the bans were lifted: %v, %v", err, d.Bans())
		}

		if err := d.SetBan(t.Context(), "address", "2001:db8::1", time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Connect(netip.MustParseAddr("2001:db8::2")); err == nil {
			t.Error("an address that the operator has banned is served")
		}
		if err := d.SetBan(t.Context(), "user", " Bob ", time.Hour); err != nil {
			t.Fatal(err)
		}
		if bans := d.Bans(); len(bans) != 2 || bans[0].Name != "2001:db8::/64" || bans[1].Name != "bob" {
			t.Errorf("the bans are %v", bans)
		}
		time.Sleep(time.Hour)
		if bans := d.Bans(); len(bans) != 0 {
			t.Errorf("bans that are over are listed: %v", bans)
		}
	})
}

func TestBadBans(t *testing.T) {
	d := start(t, newWorld(), "")
	for _, bad := range []struct {
		of, name string
		dur      time.Duration
	}{
		{"address", "nobody", time.Hour},
		{"address", "192.0.2.0/24", time.Hour},
		{"user", " ", time.Hour},
		{"house", "x", time.Hour},
		{"user", "bob", 0},
		{"user", "bob", -time.Hour},
		{"user", "bob", 1 << 62},
	} {
		if err := d.SetBan(t.Context(), bad.of, bad.name, bad.dur); err == nil {
			t.Errorf("a ban of %v was set", bad)
		}
	}
}

// TestBanListIsBounded checks that a full list keeps the bans that expire last.
func TestBanListIsBounded(t *testing.T) {
	var l banList
	now := time.Now()
	for i := range maxListed + 10 {
		l.note("user", string(rune('a'+i%26))+time.Duration(i).String(), now.Add(time.Hour+time.Duration(i)*time.Second))
	}
	all := l.list()
	if len(all) != maxListed || all[len(all)-1].Until.Before(now.Add(time.Hour+10*time.Second)) {
		t.Errorf("%d bans are listed, the first to end at %v", len(all), all[len(all)-1].Until)
	}
}

// askedTimes returns the number of logins that the authenticator was asked about.
func (w *world) askedTimes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}
