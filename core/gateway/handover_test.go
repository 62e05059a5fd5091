package gateway

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/frontend"
)

// isOver reports whether the gateway has ended its sessions.
func (s *started) isOver() bool {
	synctest.Wait()
	return s.desk.IsShut()
}

// TestHandOver tests that after a hand-over the connected clients are served for drain_delay, and
// clients that are logging in until they have logged in.
func TestHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), "drain_delay = \"20s\"\n"+oneOfEach)
		sess := g.door.login(t)
		visit, err := g.connect("door.public")(netip.MustParseAddr("192.0.2.9"))
		if err != nil {
			t.Fatal(err)
		}
		g.HandOver()
		g.HandOver()
		synctest.Wait()
		if _, err := g.Copies(); !errors.Is(err, ErrShutdown) {
			t.Errorf("Copies after the hand-over: %v, want %v", err, ErrShutdown)
		}
		time.Sleep(time.Minute)
		if g.isOver() || sess.Context().Err() != nil {
			t.Error("sessions were ended while a client logs in")
		}
		visit.LoggedIn()
		time.Sleep(time.Second)
		if !g.isOver() {
			t.Error("sessions go on after drain_delay and with nobody who logs in")
		}
		visit.Ended(frontend.EndedFine)
		if err := g.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// TestHandOverEnds tests that a gateway ends as soon as the last client has left after a hand-over,
// and does not reload in between.
func TestHandOverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, "drain_delay = \"20s\"\n"+oneOfEach)
		sess := g.door.login(t)
		g.HandOver()
		time.Sleep(10 * time.Second)
		if g.isOver() {
			t.Error("sessions were ended before drain_delay")
		}
		if _, err := g.Reload(t.Context(), w.config(t, oneOfEach)); !errors.Is(err, ErrShutdown) {
			t.Errorf("Reload: %v, want %v", err, ErrShutdown)
		}
		sess.Close()
		if !g.isOver() {
			t.Error("it serves on without a client")
		}
	})
}
