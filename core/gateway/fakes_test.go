package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
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

// world is a set of fake parts of each kind. It records what they are asked, and contains their
// answers.
type world struct {
	fs    *memfs.FS
	shelf *cache.Memory // shared by all gateways with the cache "shelf"

	mu       sync.Mutex
	running  map[string]bool // parts that were started and not stopped, including sockets
	doors    []*fakeDoor
	launched []auth.LaunchSpec

	authenticate func(auth.Request) (auth.Response, error)
	revalidate   func(auth.Identity) error // nil: not supported
	released     []string                  // tokens
	methods      []auth.Method
	launchDiags  auth.Diagnostics
	launchErr    error
	backendErr   error
	openErr      error
	cacheErr     error
	envs         []backend.Env // passed to backends
	newDoorErr   error
	listenErr    error
	unhealthy    error
	down         string   // name of the only authenticator that does not answer
	replaced     bool     // the programs of all authenticators were replaced
	asked        []string // the calls, with the name of the plugin
}

func newWorld() *world {
	return &world{fs: memfs.New(), shelf: cache.NewMemory(1 << 20), running: map[string]bool{}, authenticate: onlyAlice}
}

// onlyAlice is an authenticator that knows one user.
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

func (w *world) start(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[what] = true
}

func (w *world) stop(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, what)
}

func (w *world) ask(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
}

// leftovers returns the parts that still run.
func (w *world) leftovers() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for what := range w.running {
		all = append(all, what)
	}
	return all
}

const oneOfEach = `
shutdown_grace = "10s"
auth "people" "first" {
  path = "@"
  config { url = "http://people.example.net" }
}
backend "memory" "main" {}
frontend "door" "public" {}
`

// config parses a file in which "@" stands for the path of an existing program.
func (w *world) config(t *testing.T, text string) *config.Config {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "login {") {
		text += "\nlogin { fail_delay = \"0s\" }\n" // most tests do not need the delay
	}
	cfg, err := config.Parse([]byte(strings.ReplaceAll(text, `"@"`, fmt.Sprintf("%q", program))), "test.hcl", config.Options{
		Backends:  []backend.Kind{{Name: "memory", Config: func() backend.Config { return &fakeBackendConfig{w: w} }}},
		Caches:    []cache.Kind{cache.MemoryKind(), {Name: "shelf", Shared: true, Config: func() cache.Config { return &fakeShelfConfig{w} }}},
		Frontends: []frontend.Kind{{Name: "door", Config: func() frontend.Config { return &fakeDoorConfig{w: w} }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func (w *world) options(t *testing.T) Options {
	return Options{Launcher: w, Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// Launch implements auth.Launcher.
func (w *world) Launch(_ context.Context, spec auth.LaunchSpec) (auth.Plugin, auth.Diagnostics, error) {
	w.mu.Lock()
	w.launched = append(w.launched, spec)
	name := spec.Name
	if n := w.launches(spec.Name); n > 1 {
		name = fmt.Sprint(spec.Name, " ", n)
	}
	w.mu.Unlock()
	if w.launchErr != nil {
		return nil, nil, w.launchErr
	}
	_, diags := spec.Decode(auth.Schema{{Name: "url", Type: auth.TypeString}})
	if diags = append(diags, w.launchDiags...); len(diags) > 0 {
		return nil, diags, nil
	}
	w.start("plugin " + name)
	return &fakePlugin{w, name}, nil, nil
}

// launches returns how often an authenticator was launched. It is called with mu held.
func (w *world) launches(name string) (n int) {
	for _, spec := range w.launched {
		if spec.Name == name {
			n++
		}
	}
	return n
}

// fakePlugin is a running fake authenticator. Its name is that of the configuration, with a number
// if it is not the first with this name.
type fakePlugin struct {
	w    *world
	name string
}

func (p *fakePlugin) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if ctx.Err() != nil {
		return auth.Response{}, ctx.Err()
	}
	p.w.ask(p.name)
	return p.w.authenticate(req)
}

func (p *fakePlugin) Renew(context.Context, auth.Grant) (auth.Grant, error) {
	p.w.ask("renew " + p.name)
	return auth.Grant{}, auth.ErrDenied
}

func (p *fakePlugin) Revalidate(_ context.Context, id auth.Identity) error {
	if p.w.revalidate == nil {
		return errors.ErrUnsupported
	}
	return p.w.revalidate(id)
}

func (p *fakePlugin) Release(_ context.Context, grant auth.Grant) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.released = append(p.w.released, grant.Token.Reveal())
	return nil
}

// Memory implements auth.MemoryUser.
func (p *fakePlugin) Memory() (int64, bool) { return 5 << 20, p.Healthy() == nil }

func (p *fakePlugin) Replaced() bool {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.w.replaced
}

func (p *fakePlugin) Info() auth.Info {
	return auth.Info{Name: "people", Version: "1", Methods: p.w.methods}
}

func (p *fakePlugin) Healthy() error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if p.w.down != "" && p.name == p.w.down {
		return errFake
	}
	return p.w.unhealthy
}

func (p *fakePlugin) Close() error {
	p.w.stop("plugin " + p.name)
	return nil
}

type fakeBackendConfig struct {
	Size int `hcl:"size,optional"`
	w    *world
}

func (c *fakeBackendConfig) Validate(func(attribute, summary, detail string)) {}

func (c *fakeBackendConfig) New(env backend.Env) (backend.Backend, error) {
	if c.w.backendErr != nil {
		return nil, c.w.backendErr
	}
	c.w.envs = append(c.w.envs, env)
	name := env.Name
	if n := len(c.w.envs); n > 1 {
		name = fmt.Sprint(name, " ", n)
	}
	c.w.start("backend " + name)
	return &fakeBackend{c.w, name}, nil
}

// fakeShelfConfig is the configuration of a shared cache.
type fakeShelfConfig struct{ w *world }

func (c *fakeShelfConfig) Validate(func(attribute, summary, detail string)) {}

func (c *fakeShelfConfig) New(cache.Env) (cache.Cache, error) {
	if c.w.cacheErr != nil {
		return nil, c.w.cacheErr
	}
	c.w.start("cache")
	return &fakeShelf{c.w.shelf, c.w}, nil
}

type fakeShelf struct {
	*cache.Memory
	w *world
}

// DeriveKey implements [cache.KeyDeriver].
func (s *fakeShelf) DeriveKey(purpose string) []byte { return []byte("derived for " + purpose) }

func (s *fakeShelf) Close() error {
	s.w.stop("cache")
	return nil
}

type fakeBackend struct {
	w    *world
	name string
}

func (b *fakeBackend) Open(context.Context, backend.Login) (vfs.FS, error) {
	return b.w.fs, b.w.openErr
}

func (b *fakeBackend) Close() error {
	b.w.stop("backend " + b.name)
	return nil
}

type fakeDoorConfig struct {
	Limit int `hcl:"limit,optional"`
	w     *world
}

func (c *fakeDoorConfig) Validate(func(attribute, summary, detail string)) {}

func (c *fakeDoorConfig) New(env frontend.Env) (frontend.Server, error) {
	if c.w.newDoorErr != nil {
		return nil, c.w.newDoorErr
	}
	d := &fakeDoor{w: c.w, env: env, shut: make(chan struct{}), fail: make(chan error)}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.doors = append(c.w.doors, d)
	return d, nil
}

// fakeDoor is a frontend whose clients are function calls, so that it works in a synctest bubble.
type fakeDoor struct {
	w    *world
	env  frontend.Env
	shut chan struct{} // closed by Shutdown
	fail chan error    // makes Serve fail

	shutting sync.Once
	clients  sync.WaitGroup
	mu       sync.Mutex
	cut      bool // Shutdown did not see all connections end
}

func (d *fakeDoor) Listen() error {
	d.w.start("socket " + d.env.Name)
	return d.w.listenErr
}

// Offer returns no sockets, because the clients are function calls.
func (d *fakeDoor) Offer() *frontend.Sockets { return new(frontend.Sockets) }

func (d *fakeDoor) ListenAfter(*frontend.Sockets, frontend.Server) error {
	if d.w.listenErr == nil {
		d.w.start("socket " + d.env.Name)
	}
	return d.w.listenErr
}

func (d *fakeDoor) GiveBack(*frontend.Sockets) { d.w.stop("socket " + d.env.Name) }

func (d *fakeDoor) Retire(offered *frontend.Sockets) (gone <-chan struct{}) {
	d.shutting.Do(func() { close(d.shut) })
	if offered == nil { // no frontend of this process replaces it
		d.w.stop("socket " + d.env.Name)
	}
	left := make(chan struct{})
	go func() {
		d.clients.Wait()
		close(left)
	}()
	return left
}

func (d *fakeDoor) Addrs() []net.Addr { return []net.Addr{&net.TCPAddr{Port: 1}} }

func (d *fakeDoor) Serve() error {
	select {
	case <-d.shut:
		return nil
	case err := <-d.fail:
		return err
	}
}

func (d *fakeDoor) Shutdown(ctx context.Context) error {
	d.shutting.Do(func() { close(d.shut) })
	d.w.stop("socket " + d.env.Name)
	d.mu.Lock() // after the running logins
	clients := &d.clients
	d.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		clients.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		d.mu.Lock()
		d.cut = true
		d.mu.Unlock()
		return ctx.Err()
	}
}

// request returns a login of the only user, after change.
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

// login logs in a client that disconnects when its session ends.
func (d *fakeDoor) login(t *testing.T) *session.Session {
	t.Helper()
	sess, _, err := d.env.Login(t.Context(), request(nil))
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients.Go(func() {
		<-sess.Context().Done()
		sess.Close()
	})
	return sess
}

var errFake = errors.New("this part is broken on purpose")

// upload writes a file from r.
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
