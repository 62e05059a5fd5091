package login

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
)

// TestRefusedByObserver refuses logins with a valid password. They take the time of failed ones,
// but lead to no ban.
func TestRefusedByObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), guarded("ban {\n failures = 3\n slow_after = 0\n}"))
		g.counts.refuse = auth.ErrDenied
		for range 5 {
			if took, err := g.try(t, nil); !errors.Is(err, auth.ErrDenied) || took < 2*time.Second || took > 2500*time.Millisecond {
				t.Errorf("a refused login is answered with %v after %v, want that of a wrong password", err, took)
			}
		}
		if g.counts.logins["refused"] != 5 || len(g.counts.bans) > 0 {
			t.Errorf("results %v, bans %v", g.counts.logins, g.counts.bans)
		}
		g.counts.refuse = nil
		if _, err := g.try(t, nil); err != nil {
			t.Errorf("a login after refused ones: %v", err)
		}
	})
}
