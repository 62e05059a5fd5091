package gateway

import (
	"errors"
	"testing"

	"filegate/core/auth"
)

// TestLimits tests that the block "limits" of the configuration applies to clients.
func TestLimits(t *testing.T) {
	w := newWorld()
	g := start(t, w, oneOfEach+`limits {
  per_user { sessions = 1 }
  per_address { connections = 1 }
}`)
	g.door.login(t)
	if _, _, err := g.door.env.Login(t.Context(), request(nil)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the second session of a user who may have one: %v, want ErrUnavailable", err)
	}
	visit, err := g.door.env.Connect(request(nil).Remote.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer visit.Ended(0)
	if _, err := g.door.env.Connect(request(nil).Remote.Addr()); err == nil {
		t.Error("the second connection of an address that may have one was let in")
	}
}
