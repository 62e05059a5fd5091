package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"filegate/core/auth"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/login"
)

// Reload takes over from a configuration what can change while clients are served: the authenticators, and which of them a frontend asks. Those
// whose block or program file has changed are started beside the ones that run, and get all logins from here on. Sessions
// keep the one that has let them in, until they end. Of the rest of the configuration it says in the log that it waits for a restart.
//
// With an error nothing has changed. It is of type [config.Diagnostics] for what the configuration has done wrong, ErrShutdown
// once the gateway is told to stop, or the end of ctx.
func (g *Gateway) Reload(ctx context.Context, cfg *config.Config) (told []string, err error) {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.desk.IsShut() || g.life.Err() != nil {
		return nil, ErrShutdown
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.life, cancel)()
	running := g.auths.current()
	var changed []*config.Auth
	for _, a := range cfg.Auths {
		if r := running[a.Name]; r == nil || r.Replaced() || !r.config.SameProgram(a) {
			changed = append(changed, a)
		}
	}
	fresh, diags := g.launch(ctx, changed)
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), stop(fresh))
	case len(diags) > 0:
		if err := stop(fresh); err != nil {
			g.log.Warn("not everything could be stopped", "err", err)
		}
		return nil, diags
	}
	g.auths.replace(fresh, g.unused(cfg))
	for _, d := range g.doors {
		if f := cfg.Frontend(d.kind, d.name); f != nil {
			d.follow(cfg, f.Auth)
		}
	}
	g.desk.ForgetLogins()
	names := make([]string, len(fresh))
	for i, r := range fresh {
		names[i] = r.config.Name
	}
	slices.Sort(names)
	g.log.Info("configuration reloaded", "started", strings.Join(names, " "))
	told = append(told, "The configuration has been reloaded.")
	if len(names) > 0 {
		told = append(told, "Authenticators started anew: "+strings.Join(names, ", ")+".")
	}
	if waiting := cfg.NeedsRestart(g.cfg); len(waiting) > 0 {
		g.log.Warn("some of the configuration waits for a restart", "changed", strings.Join(waiting, ", "))
		told = append(told, "Changed, and waiting for a restart: "+strings.Join(waiting, ", ")+".")
	}
	return told, nil
}

// unused returns the authenticators that nobody asks any more under cfg. A frontend that is not in it runs on, with those that it has.
func (g *Gateway) unused(cfg *config.Config) []string {
	var gone []string
	for name := range g.auths.current() {
		used := slices.ContainsFunc(cfg.Auths, func(a *config.Auth) bool { return a.Name == name }) ||
			slices.ContainsFunc(g.doors, func(d *door) bool {
				return cfg.Frontend(d.kind, d.name) == nil &&
					slices.ContainsFunc(*d.chain.members.Load(), func(m auth.Named) bool { return m.Name == name })
			})
		if !used {
			gone = append(gone, name)
		}
	}
	return gone
}

// launch starts authenticators, all at the same time.
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
