package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/frontend"
	"filegate/core/login"
)

// Reload switches to another configuration while clients are served. It first creates and opens
// everything that is new, beside the running parts. If that fails, it is undone, and nothing has
// changed. The returned messages are for people.
//
// Sessions keep their frontend, their backend, and the authenticator that has granted their login;
// these stay until no session needs them. A changed frontend passes its sockets on to its
// successor, so that no client is refused.
//
// The error is of type [config.Diagnostics] for mistakes in the configuration, ErrShutdown after
// the gateway was told to stop, or the error of ctx.
func (g *Gateway) Reload(ctx context.Context, cfg *config.Config) (told []string, err error) {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.desk.IsShut() || g.up.Err() != nil || g.isHandedOver() {
		return nil, ErrShutdown
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.up, cancel)()
	defer func() {
		result := "ok"
		if err != nil {
			result = "failed"
		}
		g.metrics.reloads.WithLabelValues(result).Inc()
	}()
	c := &change{g: g, cfg: cfg, was: g.config(), stores: map[string]*runningBackend{}, offered: new(frontend.Sockets)}
	if err := c.prepare(ctx); err != nil {
		if undone := c.undo(); undone != nil {
			g.log.Warn("not everything could be stopped", "err", undone)
		}
		return nil, err
	}
	return c.carryOut(), nil
}

// ReloadFailed counts a reload whose configuration could not be read.
func (g *Gateway) ReloadFailed() { g.metrics.reloads.WithLabelValues("failed").Inc() }

// change is a running reload.
type change struct {
	g        *Gateway
	cfg, was *config.Config

	auths   []*running
	stores  map[string]*runningBackend // new ones, by name
	doors   []replacement
	offered *frontend.Sockets // sockets of frontends that are replaced or removed
	admin   map[string]net.Listener
	logs    *nextLogs
}

// replacement is a new frontend, and the one that it replaces.
type replacement struct {
	fresh *servedFrontend
	old   *servedFrontend // nil: it replaces none
	heard bool            // the new frontend is listening
}

// prepare creates and opens everything that is new.
func (c *change) prepare(ctx context.Context) error {
	g := c.g
	diags := c.startAuths(ctx)
	for _, b := range c.cfg.Backends {
		if old := g.stores()[b.Name]; old != nil && old.config.Same(b) {
			continue
		}
		s, err := g.newStore(b)
		if err != nil {
			diags = append(diags, b.Diagnose("", fmt.Sprintf("Backend %q cannot start", b.Name), err.Error()))
			continue
		}
		c.stores[b.Name] = s
	}
	if len(diags) == 0 {
		diags = c.makeDoors()
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(diags) > 0:
		return diags
	}
	if err := c.listen(); err != nil {
		return err
	}
	var err error
	if c.admin, err = g.admin.open(c.cfg.Admin, nil); err != nil {
		return err
	}
	if g.opts.Logs != nil {
		c.logs, err = g.opts.Logs.open(c.cfg.Log, c.cfg.Audit)
	}
	return err
}

// startAuths starts the authenticators whose block or program file has changed.
func (c *change) startAuths(ctx context.Context) config.Diagnostics {
	running := c.g.auths.current()
	var changed []*config.Auth
	for _, a := range c.cfg.Auths {
		if r := running[a.Name]; r == nil || r.Replaced() || !r.config.SameProgram(a) {
			changed = append(changed, a)
		}
	}
	fresh, diags := c.g.launch(ctx, changed)
	c.auths = fresh
	return diags
}

// makeDoors creates the frontends that are new or have changed.
func (c *change) makeDoors() config.Diagnostics {
	var diags config.Diagnostics
	for _, f := range c.cfg.Frontends {
		old := c.g.door(f.Kind, f.Name)
		if old != nil && old.config.Same(f) && old.stamp == stampOf(frontend.FilesOf(f.Config)) {
			continue
		}
		store := c.g.backend(f.Backend)
		if s := c.stores[f.Backend]; s != nil {
			store = s.Backend
		}
		d, err := c.g.newDoor(c.cfg, f, store)
		if err != nil {
			diags = append(diags, f.Diagnose("", fmt.Sprintf("Frontend %q %q cannot start", f.Kind, f.Name), err.Error()))
			continue
		}
		c.doors = append(c.doors, replacement{fresh: d, old: old})
	}
	return diags
}

// gone returns the frontends that are no longer in the configuration.
func (c *change) gone() (all []*servedFrontend) {
	for _, d := range c.g.openDoors() {
		if c.cfg.Frontend(d.kind, d.name) == nil {
			all = append(all, d)
		}
	}
	return all
}

// listen opens the sockets of the new frontends, or takes over those of the frontends that they
// replace.
func (c *change) listen() error {
	for _, s := range c.doors {
		if s.old != nil {
			c.offered.AddAll(s.old.server.Offer())
		}
	}
	for _, d := range c.gone() {
		c.offered.AddAll(d.server.Offer())
	}
	for i, s := range c.doors {
		var older frontend.Server
		if s.old != nil {
			older = s.old.server
		}
		if err := s.fresh.server.ListenAfter(c.offered, older); err != nil {
			return fmt.Errorf("cannot listen: %s: %w", s.fresh, addrHint(err))
		}
		c.doors[i].heard = true
	}
	return nil
}

// undo undoes prepare.
func (c *change) undo() error {
	errs := []error{stop(c.auths)}
	for _, s := range c.doors {
		if s.heard {
			s.fresh.server.GiveBack(c.offered)
		}
	}
	for _, s := range c.stores {
		errs = append(errs, s.Close())
	}
	dropListeners(c.admin)
	if c.logs != nil {
		errs = append(errs, c.logs.drop())
	}
	return errors.Join(errs...)
}

// carryOut applies everything that was prepared. It cannot fail.
func (c *change) carryOut() (told []string) {
	g := c.g
	gone := c.gone()
	if c.logs != nil {
		if err := c.logs.take(); err != nil {
			g.log.Warn("the log of before could not be closed", "err", err)
		}
	}
	g.admin.take(c.cfg.Admin, c.admin)
	g.hooks.Follow(c.cfg.EventHooks)
	g.spans.Follow(c.cfg.Tracing)
	g.auths.bound(c.cfg.Login.Concurrent, c.cfg.Login.MaxWaiting)
	g.auths.replace(c.auths, g.unused(c.cfg))
	g.desk.Obey(c.cfg.Login, c.cfg.Limits)

	var closing []*runningBackend
	next := map[string]*runningBackend{}
	for _, b := range c.cfg.Backends {
		next[b.Name] = c.stores[b.Name]
		if next[b.Name] == nil {
			next[b.Name] = g.stores()[b.Name]
		}
	}
	for name, s := range g.stores() {
		if next[name] != s {
			closing = append(closing, s)
		}
	}
	var open []*servedFrontend
	for _, f := range c.cfg.Frontends {
		d := g.door(f.Kind, f.Name)
		if i := slices.IndexFunc(c.doors, func(s replacement) bool { return s.fresh.kind == f.Kind && s.fresh.name == f.Name }); i >= 0 {
			d = c.doors[i].fresh
			d.listening = true
		} else {
			d.config = f
			d.logins.Serve(next[f.Backend].Backend)
		}
		d.follow(c.cfg, f.Auth)
		open = append(open, d)
	}
	g.mu.Lock()
	g.cfg, g.backends, g.doors = c.cfg, next, open
	g.mu.Unlock()

	for _, d := range gone {
		g.retire(d, c.offered)
	}
	for _, s := range c.doors {
		if s.old != nil {
			// For its clients that have not logged in yet.
			s.old.follow(c.cfg, c.cfg.Frontend(s.old.kind, s.old.name).Auth)
			g.retire(s.old, c.offered)
		}
	}
	for _, s := range c.doors {
		if g.serves {
			g.run(s.fresh)
		}
	}
	for _, s := range closing {
		g.retireStore(s)
	}
	g.desk.ForgetLogins()
	return c.tell(gone)
}

// tell reports the changes, in the log and to the caller.
func (c *change) tell(gone []*servedFrontend) []string {
	told := []string{"The configuration has been reloaded."}
	note := func(text string, names []string) string {
		slices.Sort(names)
		if len(names) > 0 {
			told = append(told, text+": "+strings.Join(names, ", ")+".")
		}
		return strings.Join(names, " ")
	}
	var auths, stores, doors, removed []string
	for _, r := range c.auths {
		auths = append(auths, r.config.Name)
	}
	for name := range c.stores {
		stores = append(stores, name)
	}
	for _, s := range c.doors {
		doors = append(doors, s.fresh.label())
	}
	for _, d := range gone {
		removed = append(removed, d.label())
	}
	c.g.log.Info("configuration reloaded",
		"started", note("Authenticators started anew", auths), "backends", note("Backends that have changed", stores),
		"frontends", note("Frontends that have changed", doors), "removed", note("Frontends that take no more clients", removed))
	for _, s := range c.doors {
		for _, a := range s.fresh.server.Addrs() {
			c.g.log.Info("listening", "frontend", s.fresh.label(), "addr", a.String())
		}
	}
	if waiting := c.cfg.NeedsRestart(c.was); len(waiting) > 0 {
		c.g.log.Warn("some of the configuration waits for a restart", "changed", strings.Join(waiting, ", "))
		told = append(told, "Changed, and waiting for a restart: "+strings.Join(waiting, ", ")+".")
	}
	return told
}

// door returns the frontend with a kind and a name that accepts clients, or nil.
func (g *Gateway) door(kind, name string) *servedFrontend {
	for _, d := range g.openDoors() {
		if d.kind == kind && d.name == name {
			return d
		}
	}
	return nil
}

// unused returns the authenticators that are not in cfg.
func (g *Gateway) unused(cfg *config.Config) []string {
	var gone []string
	for name := range g.auths.current() {
		if !slices.ContainsFunc(cfg.Auths, func(a *config.Auth) bool { return a.Name == name }) {
			gone = append(gone, name)
		}
	}
	return gone
}

// launch starts authenticators in parallel.
func (g *Gateway) launch(ctx context.Context, auths []*config.Auth) ([]*running, config.Diagnostics) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   []*running
		diags config.Diagnostics
	)
	for _, a := range auths {
		wg.Go(func() {
			plugin, found, err := g.opts.Launcher.Launch(ctx, auth.LaunchSpec{
				Kind: a.Kind, Name: a.Name, Path: a.Path, SHA256: a.SHA256,
				HostVersion: g.opts.Version, Args: a.Args, Env: a.Env, StartTimeout: a.StartTimeout, CallTimeout: a.CallTimeout, AnyOwner: a.AnyOwner,
				SealSecret: cache.DeriveKey(g.shared, login.RenewalsKey),
				Log:        g.log, Observer: g.metrics.authenticator(a.Name), Decode: a.Decode,
			})
			mu.Lock()
			defer mu.Unlock()
			diags = append(diags, a.Locate(found)...)
			switch {
			case err != nil:
				diags = append(diags, a.Diagnose("", fmt.Sprintf("Authenticator %q does not start", a.Name), err.Error()))
			case plugin != nil:
				all = append(all, &running{Plugin: plugin, config: a})
			}
		})
	}
	wg.Wait()
	return all, diags
}
