package login

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/session"
)

// identity is an authenticator with one user, whose answers may be cached. It returns a new token
// each time.
type identity struct {
	mu       sync.Mutex
	password auth.Secret
	cacheFor time.Duration
	confirm  bool
	asked    int
	err      error // the answer to revalidations
	checks   int
}

func (i *identity) authenticate(req auth.Request) (auth.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !req.Asks() {
		i.asked++
	}
	if req.User != "alice" || req.Method == auth.Password && req.Password != i.password {
		return auth.Response{}, auth.ErrDenied
	}
	return auth.Response{Identity: &auth.Identity{
		User: "alice", CacheFor: i.cacheFor, Confirm: i.confirm, Grant: auth.Grant{Token: auth.Secret(fmt.Sprintf("token %d", i.asked))},
	}}, nil
}

func (i *identity) revalidate(auth.Identity) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.checks++
	return i.err
}

func (i *identity) say(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

// questions returns the number of logins that were asked about since the last call.
func (i *identity) questions() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := i.asked
	i.asked = 0
	return n
}

func newIdentity(w *world) *identity {
	i := &identity{password: "secret", cacheFor: time.Minute}
	w.authenticate, w.revalidate = i.authenticate, i.revalidate
	return i
}

func (w *world) givenBack() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.released)
}

func TestLoginIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		g := start(t, w, guarded(`fail_delay = "0s"`))
		same := func(*auth.Request) {}
		for _, tt := range []struct {
			name   string
			change func(*auth.Request)
			asks   bool
		}{
			{"the first", same, true},
			{"the same", same, false},
			{"from another port, in another session", func(r *auth.Request) {
				r.Remote, r.SessionID = netip.AddrPortFrom(r.Remote.Addr(), 1), "another"
			}, false},
			{"with another password", func(r *auth.Request) { r.Password = "wrong" }, true},
			{"with another user", func(r *auth.Request) { r.User = "bob" }, true},
			{"from another address", from("192.0.2.99"), true},
			{"by another service", func(r *auth.Request) { r.Service = "other" }, true},
			{"to another address", func(r *auth.Request) { r.Local = netip.MustParseAddrPort("198.51.100.1:22") }, true},
			{"with another client", func(r *auth.Request) { r.Client = "other" }, true},
			{"with the password as a key", func(r *auth.Request) {
				r.Method, r.Verified, r.PublicKey, r.Password = auth.PublicKey, true, []byte("secret"), ""
			}, true},
			{"with the key again", func(r *auth.Request) {
				r.Method, r.Verified, r.PublicKey, r.Password = auth.PublicKey, true, []byte("secret"), ""
			}, false},
			{"as a step of several", func(r *auth.Request) { r.State = []byte{0, 1} }, true},
			{"as the same step", func(r *auth.Request) { r.State = []byte{0, 1} }, true},
			{"as an answer", func(r *auth.Request) { r.Method, r.Answers = auth.Interactive, []auth.Secret{"123456"} }, true},
			{"as the same answer", func(r *auth.Request) { r.Method, r.Answers = auth.Interactive, []auth.Secret{"123456"} }, true},
			{"the same, after all", same, false},
		} {
			i.questions()
			g.try(t, tt.change)
			if n := i.questions(); (n == 1) != tt.asks {
				t.Errorf("a login %s asks the authenticator %d times", tt.name, n)
			}
		}
		time.Sleep(time.Minute)
		if g.try(t, nil); i.questions() != 1 {
			t.Error("a login was kept for longer than its authenticator allows")
		}
	})
}

func TestLoginIsNotKept(t *testing.T) {
	for _, tt := range []struct {
		name, login string
		cacheFor    time.Duration
		after       time.Duration
	}{
		{"by an authenticator that does not allow it", "", 0, 0},
		{"by a configuration that does not allow it", `cache_for = "0s"`, time.Minute, 0},
		{"beyond what the configuration allows", `cache_for = "10s"`, time.Minute, 10 * time.Second},
		{"beyond the next time that it would be asked about", `revalidate = "10s"`, time.Minute, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				i := newIdentity(w)
				i.cacheFor = tt.cacheFor
				g := start(t, w, guarded(tt.login))
				g.try(t, nil)
				time.Sleep(tt.after)
				if g.try(t, nil); i.questions() != 2 {
					t.Error("the second login did not ask")
				}
			})
		})
	}
}

// TestRemembersNobodyWhoIsGone uses an authenticator that must be asked before a login is answered
// from the cache.
func TestRemembersNobodyWhoIsGone(t *testing.T) {
	for _, shared := range []string{"", `cache "shelf" {}`} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			i := newIdentity(w)
			i.confirm = true
			g := start(t, w, guarded("fail_delay = \"0s\"\nrevalidate = \"0s\"")+shared)
			sess := g.enter(t)
			if _, err := g.try(t, nil); err != nil || i.questions() != 1 || i.checks != 1 {
				t.Errorf("two logins: %v, and the second was looked at %d times", err, i.checks)
			}
			i.say(auth.ErrUnavailable)
			if _, err := g.try(t, nil); err != nil || i.questions() != 1 {
				t.Errorf("a login that nobody can tell about is not asked anew: %v", err)
			}
			if sess.Context().Err() != nil {
				t.Error("an outage has ended a session")
			}
			i.say(auth.ErrUnknownUser)
			i.mu.Lock()
			i.password = "gone"
			i.mu.Unlock()
			if _, err := g.try(t, nil); !errors.Is(err, auth.ErrDenied) {
				t.Errorf("a login of a user who is gone: %v", err)
			}
			synctest.Wait()
		})
	}
}

// TestChangedPassword logs in repeatedly. After half of the cache time the authenticator is asked
// again while the login is answered from the cache. If the password was changed, all sessions with
// the old one end.
func TestChangedPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		g := start(t, w, guarded(`fail_delay = "0s"`))
		for range 5 {
			g.try(t, nil)
			time.Sleep(20 * time.Second)
		}
		if n := i.questions(); n != 3 {
			t.Errorf("5 logins in 80 seconds asked %d times, want at the beginning, after 40s and after 80s", n)
		}
		sess := g.enter(t)
		i.mu.Lock()
		i.password = "changed"
		i.mu.Unlock()
		time.Sleep(20 * time.Second)
		// The cached login succeeds, unless the authenticator answers first.
		g.try(t, nil)
		synctest.Wait()
		if sess.Context().Err() == nil {
			t.Error("a session goes on with a password that was changed")
		}
		if _, err := g.try(t, nil); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login with the old password: %v", err)
		}
	})
}

// TestLoginIsShared uses two gateways with one cache: a login at one is also valid at the other,
// and both lose it when it is revoked.
func TestLoginIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := guarded("fail_delay = \"0s\"\nrevalidate = \"40s\"") + `cache "shelf" {}`
		w1, w2, w3 := newWorld(), newWorld(), newWorld()
		w2.shelf, w3.shelf = w1.shelf, w1.shelf
		i1, i2, i3 := newIdentity(w1), newIdentity(w2), newIdentity(w3)
		one, two := start(t, w1, text), start(t, w2, text)
		other := start(t, w3, strings.Replace(text+parts, "people.example.net", "others.example.net", 1))
		sess := one.enter(t)
		two.try(t, nil)
		if n := i1.questions() + i2.questions(); n != 1 {
			t.Errorf("logins at two gateways with one cache asked %d times, want once", n)
		}
		if other.try(t, nil); i3.questions() != 1 {
			t.Error("a gateway with another authenticator of the same name took over what that one's said")
		}
		if len(w1.givenBack())+len(w2.givenBack()) > 0 {
			t.Error("a grant was given back that lies in a cache")
		}
		i1.say(auth.ErrDenied)
		i2.say(auth.ErrDenied)
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if sess.Context().Err() == nil {
			t.Error("a session goes on that was revoked")
		}
		if two.try(t, nil); i2.questions() != 1 {
			t.Error("a login that was revoked at one gateway is known at the other")
		}
	})
}

// TestSharedCacheForgets uses a shared cache that stores nothing: logins succeed without it.
func TestSharedCacheForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.shelf = cache.NewMemory(0)
		i := newIdentity(w)
		g := start(t, w, guarded("")+`cache "shelf" {}`)
		for range 2 {
			if _, err := g.try(t, nil); err != nil {
				t.Error(err)
			}
		}
		if n := i.questions(); n != 1 {
			t.Errorf("two logins asked %d times, want once: this process remembers", n)
		}
	})
}

// blocked is a file of a client that sends no more data until the session ends.
type blocked struct {
	ctx context.Context
	n   int
}

func (b *blocked) Read(p []byte) (int, error) {
	if b.n++; b.n == 1 {
		return copy(p, "half of it"), nil
	}
	<-b.ctx.Done()
	return 0, io.ErrUnexpectedEOF
}

// TestDisabledDuringATransfer disables a user during an upload. The session must end within the
// configured time, and the interrupted upload must not create a file.
func TestDisabledDuringATransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		g := start(t, w, guarded(`revalidate = "1m"`))
		sess, other := g.enter(t), g.enter(t)
		done := make(chan error, 1)
		go func() { done <- upload(t.Context(), sess, "/file", &blocked{ctx: sess.Context()}) }()
		time.Sleep(3 * time.Minute)
		if sess.Context().Err() != nil {
			t.Fatalf("the session of a user who is allowed ended: %v", context.Cause(sess.Context()))
		}
		i.say(auth.ErrDenied)
		began := time.Now()
		<-sess.Context().Done()
		if took := time.Since(began); took > time.Minute {
			t.Errorf("the user was in for %v after he was locked out", took)
		}
		if err := <-done; err == nil {
			t.Error("the upload went through")
		}
		if cause := context.Cause(sess.Context()); !errors.Is(cause, errRevoked) {
			t.Errorf("the session ended because %v", cause)
		}
		<-other.Context().Done()
		if _, err := w.fs.Stat(t.Context(), "/file"); err == nil {
			t.Error("half of a file was published")
		}
		i.mu.Lock()
		i.password = "locked"
		i.mu.Unlock()
		if _, err := g.try(t, nil); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("a login of the user: %v", err)
		}
	})
}

// TestLoginsThatCannotBeRenewedElsewhere checks that such logins are not shared. The shared cache
// has no secret from which gateways could derive a common key.
func TestLoginsThatCannotBeRenewedElsewhere(t *testing.T) {
	w := newWorld()
	c := newSharedLogins(nil, w.shelf) // a cache without a secret
	f := remembered{Identity: auth.Identity{User: "alice"}, Until: time.Now().Add(time.Minute)}
	if c.put(t.Context(), "by", request(nil), f) == nil {
		t.Error("a login whose grant is not renewed was not shared")
	}
	f.Identity.Grant.Renewal = []byte("sealed with a key of this process")
	if c.put(t.Context(), "by", request(nil), f) != nil {
		t.Error("a login was shared that no other gateway can renew")
	}
}

// TestGraceIsNotUsedUpBeforehand uses sessions whose checks wait long for a slow authenticator and
// then fail. The grace must begin with the first failure.
func TestGraceIsNotUsedUpBeforehand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		slow := make(chan struct{})
		w.revalidate = func(id auth.Identity) error {
			<-slow
			return i.revalidate(id)
		}
		g := start(t, w, guarded("revalidate = \"1m\"\ngrace = \"10m\""))
		sess := g.enter(t)
		i.say(auth.ErrUnavailable)
		time.Sleep(20 * time.Minute) // longer than grace
		close(slow)
		synctest.Wait()
		time.Sleep(9 * time.Minute)
		if err := context.Cause(sess.Context()); err != nil {
			t.Errorf("the session ended with the first check that failed: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if cause := context.Cause(sess.Context()); !errors.Is(cause, errOutage) {
			t.Errorf("after the grace the session has ended because of %v", cause)
		}
	})
}

// TestOneOutageIsNotAnothers uses an authenticator that hangs in all of its allowed calls. The
// sessions of another authenticator must still be checked.
func TestOneOutageIsNotAnothers(t *testing.T) {
	ls := newLeases(newRules(config.Login{}, config.Limits{}), newSharedLogins(nil, nil), nil, nil)
	for range maxRevalidations {
		ls.slotsOf("hangs") <- struct{}{}
	}
	select {
	case ls.slotsOf("works") <- struct{}{}:
	default:
		t.Error("there is no place for a check with an authenticator of which nobody asks anything")
	}
}

// TestOutage uses an authenticator that is unavailable for a while. Sessions continue until the
// grace has passed since the last successful check.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		g := start(t, w, guarded("revalidate = \"1m\"\ngrace = \"10m\""))
		sess := g.enter(t)
		for range 3 {
			i.say(auth.ErrUnavailable)
			time.Sleep(9 * time.Minute)
			synctest.Wait()
			if err := context.Cause(sess.Context()); err != nil {
				t.Fatalf("the session ended in an outage of nine minutes: %v", err)
			}
			i.say(nil)
			time.Sleep(2 * time.Minute)
		}
		i.say(errFake)
		began := time.Now()
		<-sess.Context().Done()
		if took := time.Since(began); took < 9*time.Minute || took > 11*time.Minute {
			t.Errorf("the session ended after %v of an outage, want the time of one question and the grace", took)
		}
		if cause := context.Cause(sess.Context()); !errors.Is(cause, errOutage) {
			t.Errorf("the session ended because %v", cause)
		}
	})
}

// TestNeverRevalidated checks that revalidate = "0s" disables checks of sessions.
func TestNeverRevalidated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		g := start(t, w, guarded(`revalidate = "0s"`))
		sess := g.enter(t)
		i.say(auth.ErrDenied)
		time.Sleep(24 * time.Hour)
		if sess.Context().Err() != nil || i.checks != 0 {
			t.Errorf("after a day without revalidation: %v, %d checks", context.Cause(sess.Context()), i.checks)
		}
	})
}

// TestGrantsAreGivenBack checks that a grant is released when the last session of its login has
// closed its storage, and no further login can use it.
func TestGrantsAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		newIdentity(w)
		g := start(t, w, guarded(""))
		in := func() *session.Session {
			sess, _, err := g.Login(t.Context(), request(nil))
			if err != nil {
				t.Fatal(err)
			}
			return sess
		}
		want := func(when string, tokens ...string) {
			t.Helper()
			synctest.Wait()
			if got := w.givenBack(); !slices.Equal(got, tokens) {
				t.Errorf("%s: %q were given back, want %q", when, got, tokens)
			}
		}
		first, second := in(), in()
		first.Close()
		want("one of two sessions has ended")
		second.Close()
		want("both have, and a further login may come")
		third := in()
		time.Sleep(2 * time.Minute)
		want("no further login may come, but a session is there")
		third.End(nil)
		want("the last session is about to end")
		third.Close()
		want("the last session has ended", "token 1")
		w.openErr = errFake
		g.Login(t.Context(), request(nil))
		want("a login came to nothing, and may come again", "token 1")
		w.openErr = nil
		g.stop()
		want("the gateway has ended", "token 1", "token 2")
	})
}

// TestFoundRoundTrip checks that a login from a cache has all its fields.
func TestFoundRoundTrip(t *testing.T) {
	w := newWorld()
	c := newSharedLogins(nil, sealedShelf{w.shelf})
	req := request(nil)
	want := remembered{
		Identity: auth.Identity{
			User: "alice", Groups: []string{"staff"}, Home: "/home", Permissions: []auth.Permission{auth.Read},
			Rules:  []auth.Rule{{Path: "/in", Permissions: []auth.Permission{auth.Write}}, {Path: "/closed"}},
			Limits: auth.Limits{Sessions: 1, UploadRate: 2, DownloadRate: 3, SessionBytes: 4}, CacheFor: time.Minute, Message: "Hello.",
			Grant: auth.Grant{
				Endpoint: "https://swift.example.net", Token: "a token", Expires: time.Now().Add(time.Hour).UTC().Round(0), Region: "one",
				Extra: map[string]string{"a": "b"}, Renewal: []byte{0, 255}, Issuer: "first",
			},
		},
		Checked: time.Now().UTC().Round(0), Made: time.Now().UTC().Round(0), Until: time.Now().Add(time.Minute).UTC().Round(0),
	}
	use := c.put(t.Context(), "by", req, want)
	if use == nil {
		t.Fatal("the login was not kept")
	}
	got, _, ok := c.get(t.Context(), "by", req)
	got.Token, got.Stake = "", ""
	if diff := cmp.Diff(want, got); !ok || diff != "" || got.Identity.Grant.Token.Reveal() != "a token" {
		t.Errorf("it came back changed (-want +got):\n%s", diff)
	}
	for _, key := range []cache.Key{use.login, use.users} {
		if strings.Contains(key.Text(), "secret") || strings.Contains(key.Text(), "alice") || strings.Contains(key.Text(), "token") {
			t.Errorf("the key %q tells who it is, or how", key.Text())
		}
	}
	c.drop(t.Context(), use)
	if _, _, ok := c.get(t.Context(), "by", req); ok {
		t.Error("it is still there after drop")
	}
}

// TestSecretsStayOutOfTheLog checks the log of various logins at the level debug.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		i := newIdentity(w)
		i.password = "opensesame"
		var log bytes.Buffer
		g := startLogging(t, w, guarded("revalidate = \"1m\"\ngrace = \"1m\"")+`cache "shelf" {}`,
			slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		login := func(change func(*auth.Request)) *session.Session {
			sess, _, _ := g.Login(t.Context(), request(func(r *auth.Request) { r.Password = "opensesame"; change(r) }))
			return sess
		}
		right := func(*auth.Request) {}
		login(func(r *auth.Request) { r.User = "bob" })
		login(func(r *auth.Request) { r.Method, r.Answers = auth.Interactive, []auth.Secret{"opensesame"} })
		login(func(r *auth.Request) { r.Password += " and more" })
		first, second := login(right), login(right)
		i.say(fmt.Errorf("about opens something: %w", auth.ErrUnavailable))
		// Wait until the grace is over.
		<-first.Context().Done()
		first.Close()
		second.Close()
		w.openErr = errFake
		login(right)
		g.stop()
		for _, secret := range []string{"opensesame", "token "} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, log.String())
			}
		}
	})
}

// TestDigestsDiffer checks that different logins have different digests, even if their fields
// joined together are the same.
func TestDigestsDiffer(t *testing.T) {
	type fields struct{ by, user, service, client, password, key string }
	draw := func(t *rapid.T, name string) fields {
		text := rapid.StringMatching(`[ab]{0,2}`)
		return fields{
			text.Draw(t, name+" by"), text.Draw(t, name+" user"), text.Draw(t, name+" service"), text.Draw(t, name+" client"),
			text.Draw(t, name+" password"), text.Draw(t, name+" key"),
		}
	}
	of := func(f fields) cache.Key {
		return digest([]byte("key"), f.by, auth.Request{User: f.user, Service: f.service, Client: f.client, Password: auth.Secret(f.password), PublicKey: []byte(f.key)})
	}
	rapid.Check(t, func(t *rapid.T) {
		if a, b := draw(t, "a"), draw(t, "b"); (of(a) == of(b)) != (a == b) {
			t.Errorf("the digests of %+v and %+v are alike: %v", a, b, of(a) == of(b))
		}
	})
}
