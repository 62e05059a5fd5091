package gateway

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/admin"
	"filegate/core/auth"
	"filegate/core/config"
)

// reload reloads the configuration, which must succeed.
func (s *started) reload(t *testing.T, w *world, text string) {
	t.Helper()
	if _, err := s.Reload(t.Context(), w.config(t, text)); err != nil {
		t.Fatalf("Reload: %v", err)
	}
}

// wantAsked compares the calls since its last call with want.
func (w *world) wantAsked(t *testing.T, what string, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.asked, want) {
		t.Errorf("%s: %q were asked, want %q", what, w.asked, want)
	}
	w.asked = nil
}

// wantRunning compares the running plugins with want.
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

// secondFirst adds a second authenticator, which is asked first.
func secondFirst(text string) string {
	return strings.Replace(text, `frontend "door" "public" {}`, `
auth "people" "second" { path = "@" }
frontend "door" "public" { auth = ["second", "first"] }
`, 1)
}

// TestReloadReplaces tests that new logins go to the new program, and that earlier sessions keep
// the old program, which ends with the last of them.
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

// TestReloadLingers tests that a replaced program is kept for a while, because it may have answered
// a login whose session has not begun.
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

// TestReloadThenClose tests that the gateway stops all programs, old and new; start checks that
// nothing keeps running.
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

// TestReloadRefused tests that a failed reload changes nothing, whatever the mistake, and stops
// everything that it has started.
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

// TestReloadChangesTheChain tests that a reload can change the authenticators of a frontend and
// their order.
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

		// The authenticator that has granted the session may be removed.
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

// TestRemovedAuthenticatorRenewsOthers tests a session whose grant came from another gateway, and
// whose authenticator is removed from the configuration: the program that is kept for earlier
// sessions still renews its grant.
func TestRemovedAuthenticatorRenewsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		g.reload(t, w, strings.Replace(oneOfEach, `auth "people" "first"`, `auth "people" "second"`, 1))
		g.doors[0].chain.Renew(t.Context(), auth.Grant{Issuer: "first"})
		w.wantAsked(t, "a renewal", "renew first")
	})
}

// TestReloadTells tests the messages about changes that a reload applies, and about changes that
// need a restart.
func TestReloadTells(t *testing.T) {
	w := newWorld()
	g, log := build(t, w, oneOfEach)
	text := strings.NewReplacer(`frontend "door" "public" {}`, `frontend "door" "private" { limit = 7 }`).Replace(changedConfig(oneOfEach)) + "core_dumps = true\n"
	told, err := g.Reload(t.Context(), w.config(t, text))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"started=first", "frontends=door.private", "removed=door.public", "changed=core_dumps"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
	want := "Authenticators started anew: first. Frontends that have changed: door.private. Frontends that take no more clients: door.public. Changed, and waiting for a restart: core_dumps."
	if got := strings.Join(told[1:], " "); got != want {
		t.Errorf("it is told %q, want %q", got, want)
	}
}

// TestReloadFrontendAndBackend tests that sessions keep their frontend and backend, and that later
// sessions get the new ones.
func TestReloadFrontendAndBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		old := g.door.login(t)
		changed := strings.NewReplacer(`"public" {}`, `"public" { limit = 2 }`, `"main" {}`, `"main" { size = 2 }`).Replace(oneOfEach)
		g.reload(t, w, changed)
		if len(w.doors) != 2 || len(w.envs) != 2 {
			t.Fatalf("%d frontends and %d backends were made, want two of each", len(w.doors), len(w.envs))
		}
		select {
		case <-w.doors[0].shut:
		default:
			t.Error("the frontend of before still takes clients in")
		}
		fresh := w.doors[1].login(t)
		if old.Context().Err() != nil {
			t.Error("the session of before has ended")
		}
		if err := upload(t.Context(), old, "/file", strings.NewReader("x")); err != nil {
			t.Errorf("an upload of the session of before: %v", err)
		}
		time.Sleep(2 * retireLinger)
		synctest.Wait()
		if !slices.Contains(w.leftovers(), "backend main") {
			t.Error("the backend of before is closed, and a session needs it")
		}
		old.End(errFake)
		fresh.End(errFake)
		synctest.Wait()
		if slices.Contains(w.leftovers(), "backend main") || !slices.Contains(w.leftovers(), "backend main 2") {
			t.Errorf("in the end %q are running, want the second backend alone", w.leftovers())
		}
		if len(g.retired) != 0 {
			t.Error("the frontend of before is kept without a client")
		}
	})
}

// TestReloadUndone tests that a reload that fails because of a frontend, a backend or a socket
// changes nothing and leaves nothing running.
func TestReloadUndone(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"a frontend": func(w *world) { w.newDoorErr = errFake },
		"a backend":  func(w *world) { w.backendErr = errFake },
		"a socket":   func(w *world) { w.listenErr = errFake },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			g := start(t, w, oneOfEach)
			before := w.leftovers()
			spoil(w)
			changed := strings.NewReplacer(`"public" {}`, `"public" { limit = 2 }`, `"main" {}`, `"main" { size = 2 }`).Replace(changedConfig(oneOfEach))
			if _, err := g.Reload(t.Context(), w.config(t, changed)); err == nil || !strings.Contains(err.Error(), errFake.Error()) {
				t.Errorf("Reload: %v, want the error of %s", err, name)
			}
			slices.Sort(before)
			after := w.leftovers()
			slices.Sort(after)
			if !slices.Equal(before, after) {
				t.Errorf("before the reload %q were running, and %q after it", before, after)
			}
			g.door.login(t)
			if got := g.config().Frontend("door", "public").Config.(*fakeDoorConfig).Limit; got != 0 {
				t.Errorf("the new configuration holds in part: limit = %d", got)
			}
		})
	}
}

// TestReloadLimits tests that limits and the options of logins change without a restart.
func TestReloadLimits(t *testing.T) {
	w := newWorld()
	g := start(t, w, oneOfEach)
	g.door.login(t)
	g.reload(t, w, oneOfEach+"limits {\n per_user { sessions = 1 }\n}\n")
	if _, _, err := g.door.env.Login(t.Context(), request(nil)); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a second session of a user who may have one: %v", err)
	}
}

// TestReloadAdmin tests that a reload changes the token and the addresses of the admin server.
func TestReloadAdmin(t *testing.T) {
	w := newWorld()
	sock := filepath.Join(t.TempDir(), "s")
	g := start(t, w, oneOfEach)
	with := func(token string) string {
		return oneOfEach + fmt.Sprintf("admin {\n listen = \"127.0.0.1:0\"\n socket = %q\n token = %q\n}\n", sock, token)
	}
	g.reload(t, w, with("0123456789abcdef"))
	addr := g.AdminAddr().String()
	if _, err := admin.Dial(sock, "", nil).Status(t.Context()); err != nil {
		t.Error(err)
	}
	kick := func(token string) error {
		_, err := admin.Dial(addr, token, nil).Kick(t.Context(), admin.Kick{User: "bob"})
		return err
	}
	if err := kick("0123456789abcdef"); err != nil {
		t.Error(err)
	}
	g.reload(t, w, with("fedcba9876543210"))
	if err := kick("0123456789abcdef"); err == nil {
		t.Error("the token of before the reload still does")
	}
	if err := kick("fedcba9876543210"); err != nil {
		t.Error(err)
	}
	g.reload(t, w, oneOfEach)
	if err := kick("fedcba9876543210"); err == nil || g.AdminAddr() != nil {
		t.Error("the admin server is there although no configuration has it")
	}
}
