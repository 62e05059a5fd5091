package gateway

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/config"
)

// reload reloads and wants it to succeed.
func (s *started) reload(t *testing.T, w *world, text string) {
	t.Helper()
	if _, err := s.Reload(t.Context(), w.config(t, text)); err != nil {
		t.Fatalf("Reload: %v", err)
	}
}

// wantAsked compares what was asked since it was last called.
func (w *world) wantAsked(t *testing.T, what string, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.asked, want) {
		t.Errorf("%s: %q were asked, want %q", what, w.asked, want)
	}
	w.asked = nil
}

// wantRunning compares which plugins run.
func (w *world) wantRunning(t *testing.T, what string, want ...string) {
	t.Helper()
	var running []string
	for _, part := range w.leftovers() {
		if name, ok := strings.CutPrefix(part, "plugin "); ok {
			running = append(running, name)
		}
	}
	slices.Sort(running)
	if !slices.Equal(running, want) {
		t.Errorf("%s: %q run, want %q", what, running, want)
	}
}

const changed = `url = "http://other.example.net"`

func changedConfig(text string) string {
	return strings.Replace(text, `url = "http://people.example.net"`, changed, 1)
}

// secondFirst has a second authenticator, which is asked first.
func secondFirst(text string) string {
	return strings.Replace(text, `frontend "door" "public" {}`, `
auth "people" "second" { path = "@" }
frontend "door" "public" { auth = ["second", "first"] }
`, 1)
}

// New logins go to the new program, sessions of before keep the old one, which ends with the last of them.
func TestReloadReplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		one, two := g.door.login(t), g.door.login(t)
		w.wantAsked(t, "before", "first", "first")
		g.reload(t, w, changedConfig(oneOfEach))
		three := g.door.login(t)
		w.wantAsked(t, "after", "first 2")
		w.wantRunning(t, "after", "first", "first 2")

		for _, c := range []struct {
			generation uint64
			want       string
		}{{1, "renew first"}, {2, "renew first 2"}, {0, "renew first 2"}, {99, "renew first 2"}} {
			if _, err := g.doors[0].chain.Renew(t.Context(), auth.Grant{Issuer: "first", Generation: c.generation}); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("Renew: %v", err)
			}
			w.wantAsked(t, "a renewal", c.want)
		}

		one.Close()
		time.Sleep(2 * retireLinger)
		synctest.Wait()
		w.wantRunning(t, "with a session left", "first", "first 2")
		two.Close()
		synctest.Wait()
		w.wantRunning(t, "with none left", "first 2")
		three.Close()
		synctest.Wait()
		w.wantRunning(t, "the new one without sessions", "first 2")
	})
}

// A login may have been answered by the old program and be no session yet.
func TestReloadLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		g.reload(t, w, changedConfig(oneOfEach))
		time.Sleep(retireLinger - time.Second)
		synctest.Wait()
		w.wantRunning(t, "at first", "first", "first 2")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.wantRunning(t, "after a while", "first 2")
	})
}

// Whatever runs is stopped with the gateway: start looks for what is left.
func TestReloadThenClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		g.door.login(t)
		g.reload(t, w, changedConfig(oneOfEach))
		w.wantRunning(t, "before the end", "first", "first 2")
		if err := g.stop(); err != nil {
			t.Error(err)
		}
		w.wantRunning(t, "after the end")
		if _, err := g.Reload(t.Context(), w.config(t, oneOfEach)); !errors.Is(err, ErrShutdown) {
			t.Errorf("Reload after the end: %v, want %v", err, ErrShutdown)
		}
	})
}

func TestReloadWithoutChange(t *testing.T) {
	w := newWorld()
	g := start(t, w, oneOfEach)
	g.reload(t, w, oneOfEach)
	w.wantRunning(t, "the same configuration", "first")
	w.mu.Lock()
	w.replaced = true
	w.mu.Unlock()
	g.reload(t, w, oneOfEach)
	w.wantRunning(t, "another program file", "first", "first 2")
}

// A reload that fails changes nothing, whatever is wrong, and stops what it has started.
func TestReloadRefused(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"it does not start": func(w *world) { w.launchErr = errFake },
		"it does not take its configuration": func(w *world) {
			w.launchDiags = auth.Diagnostics{{Attribute: "url", Summary: "Not there", Detail: "Give another."}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			g := start(t, w, oneOfEach)
			spoil(w)
			_, err := g.Reload(t.Context(), w.config(t, secondFirst(changedConfig(oneOfEach))))
			diags, ok := errors.AsType[config.Diagnostics](err)
			if !ok || len(diags) != 2 || strings.Count(err.Error(), "on test.hcl line") != 2 {
				t.Errorf("got %v, want a mistake in the file for each authenticator", err)
			}
			g.door.login(t)
			w.wantAsked(t, "after it", "first")
			w.wantRunning(t, "after it", "first")
		})
	}
	t.Run("the context ends", func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Reload(ctx, w.config(t, changedConfig(oneOfEach))); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		w.wantRunning(t, "after it", "first")
	})
}

// A reload may change which authenticators a frontend asks, and in which order.
func TestReloadChangesTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		old := g.door.login(t)
		w.wantAsked(t, "before", "first")
		g.reload(t, w, secondFirst(oneOfEach))
		w.authenticate = func(auth.Request) (auth.Response, error) { return auth.Response{}, auth.ErrUnknownUser }
		if _, _, err := g.door.env.Login(t.Context(), request(nil)); !errors.Is(err, auth.ErrUnknownUser) {
			t.Errorf("login: %v", err)
		}
		w.wantAsked(t, "after", "second", "first")

		// The one that let a session in may go.
		only := strings.Replace(oneOfEach, `auth "people" "first"`, `auth "people" "second"`, 1)
		g.reload(t, w, only)
		if _, _, err := g.door.env.Login(t.Context(), request(nil)); !errors.Is(err, auth.ErrUnknownUser) {
			t.Errorf("login: %v", err)
		}
		w.wantAsked(t, "without it", "second 2")
		w.wantRunning(t, "without it", "first", "second", "second 2")
		if _, err := g.doors[0].chain.Renew(t.Context(), auth.Grant{Issuer: "first", Generation: 1}); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("Renew: %v", err)
		}
		w.wantAsked(t, "a renewal by one that is out", "renew first")
		old.Close()
		time.Sleep(2 * retireLinger)
		synctest.Wait()
		w.wantRunning(t, "in the end", "second 2")
		if _, err := g.doors[0].chain.Renew(t.Context(), auth.Grant{Issuer: "first", Generation: 1}); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Renew by one that has gone: %v", err)
		}
	})
}

// TestRemovedAuthenticatorRenewsOthers has a session whose grant came from another gateway, and whose authenticator leaves the
// configuration: the program that is kept for sessions of before still answers for it.
func TestRemovedAuthenticatorRenewsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		g.reload(t, w, strings.Replace(oneOfEach, `auth "people" "first"`, `auth "people" "second"`, 1))
		g.doors[0].chain.Renew(t.Context(), auth.Grant{Issuer: "first"})
		w.wantAsked(t, "a renewal", "renew first")
	})
}

// What a reload cannot take over is told, and what it takes over is not.
func TestReloadTellsWhatWaits(t *testing.T) {
	w := newWorld()
	g, log := build(t, w, oneOfEach)
	text := strings.NewReplacer(`"10s"`, `"20s"`, `frontend "door" "public" {}`, `frontend "door" "private" { limit = 7 }`).Replace(changedConfig(oneOfEach))
	if _, err := g.Reload(t.Context(), w.config(t, text)); err != nil {
		t.Fatal(err)
	}
	want := `changed="frontend \"door\" \"private\", frontend \"door\" \"public\", shutdown_grace"`
	if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "started=first") {
		t.Errorf("the log does not say %s:\n%s", want, log)
	}
	w.wantRunning(t, "with a frontend that runs on", "first", "first 2")
}
