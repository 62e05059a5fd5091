package gateway

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"filegate/core/auth"
)

// TestGate tests an authenticator that hangs: the maximum number of logins wait for its answer,
// others wait for these, and the logins that another authenticator checks are not delayed.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		hang := make(chan struct{})
		w.authenticate = func(req auth.Request) (auth.Response, error) {
			if req.User == "slow" {
				<-hang
			}
			return onlyAlice(req)
		}
		_, _ = build(t, w, `
auth "people" "hangs" { path = "@" }
auth "people" "works" { path = "@" }
backend "memory" "main" {}
frontend "door" "one" { auth = ["hangs"] }
frontend "door" "two" { auth = ["works"] }
login {
  concurrent = 2
  fail_delay = "0s"
}
`)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 5)
		for range 5 {
			go func() {
				_, _, err := w.doors[0].env.Login(ctx, request(func(r *auth.Request) { r.User = "slow" }))
				results <- err
			}()
		}
		synctest.Wait()
		w.mu.Lock()
		if n := len(w.asked); n != 2 {
			t.Errorf("%d logins are with the authenticator at a time, want 2", n)
		}
		w.mu.Unlock()
		sess, _, err := w.doors[1].env.Login(t.Context(), request(nil))
		if err != nil {
			t.Errorf("a login that another authenticator checks: %v", err)
		} else {
			sess.Close()
		}
		cancel() // three of the clients wait for a place
		for range 3 {
			if err := <-results; !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("a login whose client leaves before its turn: %v", err)
			}
		}
		close(hang)
		<-results
		<-results
	})
}

// TestReadyWithOneLeft tests two authenticators of a frontend, one of which is down: the gateway is
// ready unless that one is required.
func TestReadyWithOneLeft(t *testing.T) {
	for text, ready := range map[string]bool{
		`auth "people" "a" { path = "@" }`: true,
		`auth "people" "a" {
  path     = "@"
  required = true
}`: false,
	} {
		w := newWorld()
		w.down = "a"
		g, _ := build(t, w, text+`
auth "people" "b" { path = "@" }
backend "memory" "main" {}
frontend "door" "public" { auth = ["a", "b"] }
`)
		if err := g.readiness(); (err == nil) != ready {
			t.Errorf("%s: %v", text, err)
		}
	}
}
