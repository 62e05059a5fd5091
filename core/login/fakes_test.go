package login

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world contains the fakes that a desk works with.
type world struct {
	fs    *memfs.FS
	shelf *cache.Memory // shared by the gateways with the cache "shelf"

	mu           sync.Mutex
	authenticate func(auth.Request) (auth.Response, error)
	revalidate   func(auth.Identity) error // nil: revalidation is not supported
	released     []string                  // tokens
	openErr      error
	asked        []string // the users of the requests
}

func newWorld() *world {
	return &world{fs: memfs.New(), shelf: cache.NewMemory(1 << 20), authenticate: onlyAlice}
}

// onlyAlice is an authenticator with one user.
func onlyAlice(req auth.Request) (auth.Response, error) {
	switch {
	case req.Method != auth.Password:
		return auth.Response{}, auth.ErrMethod
	case req.User != "alice":
		return auth.Response{}, auth.ErrUnknownUser
	case req.Password.Reveal() != "secret":
		return auth.Response{}, auth.ErrDenied
	}
	return auth.Response{Identity: &auth.Identity{User: "alice"}}, nil
}

// Authenticate and the methods below make the world an authenticator too.
func (w *world) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if ctx.Err() != nil {
		return auth.Response{}, ctx.Err()
	}
	w.mu.Lock()
	w.asked = append(w.asked, req.User)
	w.mu.Unlock()
	return w.authenticate(req)
}

func (w *world) Renew(context.Context, auth.Grant) (auth.Grant, error) {
	return auth.Grant{}, auth.ErrDenied
}

func (w *world) Revalidate(_ context.Context, id auth.Identity) error {
	if w.revalidate == nil {
		return errors.ErrUnsupported
	}
	return w.revalidate(id)
}

func (w *world) Release(_ context.Context, grant auth.Grant) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.released = append(w.released, grant.Token.Reveal())
	return nil
}

// Open implements [backend.Backend].
func (w *world) Open(context.Context, backend.Login) (vfs.FS, error) { return w.fs, w.openErr }

// Close implements [backend.Backend].
func (w *world) Close() error { return nil }

// sealedShelf is a shared cache with a secret.
type sealedShelf struct{ *cache.Memory }

// DeriveKey implements [cache.KeyDeriver].
func (sealedShelf) DeriveKey(purpose string) []byte { return []byte("derived for " + purpose) }

// counts is an [Observer].
type counts struct {
	mu     sync.Mutex
	logins map[string]int // by result
	bans   map[string]int
	open   int   // sessions
	refuse error // the result of Before
}

func (c *counts) Login(_ auth.Request, result string, _ *auth.Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins[result]++
}

func (c *counts) Ban(of string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bans[of]++
}

func (c *counts) Before(context.Context, auth.Request, auth.Identity) error { return c.refuse }

func (c *counts) Entered(string) (left func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open--
	}
}

func (c *counts) Session(auth.Request, auth.Identity) session.Observer { return nil }

// part is the configuration of a backend, a frontend or a cache that must exist but is not used.
type part struct{}

func (*part) Validate(func(attribute, summary, detail string)) {}

func (*part) New(frontend.Env) (frontend.Server, error) { return nil, errors.ErrUnsupported }

type storePart struct{ part }

func (*storePart) New(backend.Env) (backend.Backend, error) { return nil, errors.ErrUnsupported }

type cachePart struct{ part }

func (*cachePart) New(cache.Env) (cache.Cache, error) { return nil, errors.ErrUnsupported }

// guarded returns a configuration with a login block.
func guarded(login string) string { return "login {\n" + login + "\n}\n" }

const parts = `
auth "people" "first" {
  path = "@"
  config { url = "http://people.example.net" }
}
backend "memory" "main" {}
frontend "door" "public" {}
`

// parse parses a configuration after adding one part of each kind.
func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "login {") {
		text += "\n" + guarded(`fail_delay = "0s"`) // for the tests that do not check the delay
	}
	if !strings.Contains(text, "auth ") {
		text += parts
	}
	cfg, err := config.Parse([]byte(strings.ReplaceAll(text, `"@"`, fmt.Sprintf("%q", program))), "test.hcl", config.Options{
		Backends:  []backend.Kind{{Name: "memory", Config: func() backend.Config { return &storePart{} }}},
		Caches:    []cache.Kind{{Name: "shelf", Shared: true, Config: func() cache.Config { return &cachePart{} }}},
		Frontends: []frontend.Kind{{Name: "door", Config: func() frontend.Config { return &part{} }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// desk is a [Desk] with one frontend. It runs until the test ends or stop is called.
type desk struct {
	*Desk
	*Frontend
	counts *counts
	stop   func()
}

// start starts a desk that logs to the test.
func start(t *testing.T, w *world, text string) *desk {
	return startLogging(t, w, text, slog.NewTextHandler(t.Output(), nil))
}

// build starts a desk and returns its log too.
func build(t *testing.T, w *world, text string) (*desk, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return startLogging(t, w, text, slog.NewTextHandler(log, nil)), log
}

func startLogging(t *testing.T, w *world, text string, log slog.Handler) *desk {
	t.Helper()
	cfg := parse(t, text)
	life, end := context.WithCancel(context.WithoutCancel(t.Context()))
	local := cache.Cache(cache.NewMemory(1 << 20))
	shared := local
	if len(cfg.Caches) > 0 {
		shared = sealedShelf{w.shelf}
	}
	d := &desk{counts: &counts{logins: map[string]int{}, bans: map[string]int{}}}
	d.Desk = NewDesk(Options{
		Config: cfg.Login, Limits: cfg.Limits, Life: life, Local: local, Shared: shared, Used: func(auth.Grant) func() { return func() {} },
		Log: slog.New(log), Observer: d.counts,
	})
	chain := auth.Chain{{Name: "first", Authenticator: w}}
	d.Frontend = d.Desk.Frontend(chain, "main", w)
	d.Follow(cfg.Fingerprint([]string{"first"}))
	d.stop = sync.OnceFunc(func() {
		for _, s := range d.Shut() {
			s.End(ErrShutdown)
			s.Close()
		}
		end()
		d.Desk.Close()
	})
	t.Cleanup(d.stop)
	return d
}

// request returns a login request of alice, modified by change.
func request(change func(*auth.Request)) auth.Request {
	req := auth.Request{
		User: "alice", Method: auth.Password, Password: "secret", Service: "door",
		Remote: netip.MustParseAddrPort("[::ffff:192.0.2.7]:4711"),
	}
	if change != nil {
		change(&req)
	}
	return req
}

// enter logs in a client that disconnects when its session ends.
func (d *desk) enter(t *testing.T) *session.Session {
	t.Helper()
	sess, _, err := d.Login(t.Context(), request(nil))
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(sess.Context(), sess.Close)
	// Close waits for the Close above, so that nothing is logged after the test.
	t.Cleanup(sess.Close)
	return sess
}

var errFake = errors.New("this part is broken on purpose")

// upload writes the data of r to a file.
func upload(ctx context.Context, sess *session.Session, name vfs.Path, r io.Reader) error {
	w, err := sess.OpenWriter(ctx, name, vfs.WriteOptions{Create: true, Truncate: true})
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.ReadFrom(r); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}
