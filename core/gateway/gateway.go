// Package gateway builds all parts from a configuration, runs them, and shuts them down.
//
// [New] starts the authenticators and creates backends and frontends. It finds all mistakes, so
// [Check] is little more than New. [Gateway.Listen] opens the sockets, [Gateway.Serve] serves until
// it is told to stop, and [Gateway.Close] releases everything. Meanwhile core/login answers the
// logins of the frontends with the current authenticators (authenticators.go), and a reload
// replaces parts (reload.go). The package also drains transfers at the end (drain.go), keeps the
// metrics (metrics.go), and answers operators (admin.go).
//
// It knows no protocol, no product and no configuration language. It starts authenticators with an
// [auth.Launcher]. The tests run it over fakes of all three kinds of parts; the scripts of
// cmd/filegate test it too.
//
// # Decisions
//
// If an authenticator or backend does not start, the error is shown at its block in the
// configuration, because the operator must look there in any case.
//
// If a frontend fails while it serves, the whole gateway shuts down in order. Continuing with the
// other frontends would be a partial outage that no supervisor notices.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"filegate/core/audit"
	"filegate/core/auth"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/config"
	"filegate/core/frontend"
	"filegate/core/hook"
	"filegate/core/login"
	"filegate/core/tracing"
)

// Options are the settings that come from the program and not from the configuration.
type Options struct {
	Launcher auth.Launcher
	Version  string // of filegate
	Log      *slog.Logger
	Sockets  []Socket // already open; frontends and the admin server use them instead of opening their own
	// Reloads the configuration for operators; nil: not possible.
	Reload func(ctx context.Context) (told []string, err error)
	// Starts the program in a new process that replaces this one; nil: not possible.
	Upgrade func(ctx context.Context) (told []string, err error)
	// The logs, which a reload changes, with the audit log; nil: Log is fixed, and there is no
	// audit log.
	Logs *Logs
}

// audit returns the audit log, or nil.
func (o Options) audit() *audit.Log {
	if o.Logs == nil {
		return nil
	}
	return o.Logs.Audit
}

// Gateway is the running gateway with all parts of a configuration.
type Gateway struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics

	auths  *authenticators
	local  cache.Cache // of this process
	shared cache.Cache // with other gateways, or local
	admin  *adminServer
	began  time.Time

	desk  *login.Desk
	hooks *hook.Hooks
	spans *tracing.Tracer

	mu       sync.Mutex // guards what a reload changes
	cfg      *config.Config
	backends map[string]*runningBackend
	doors    []*servedFrontend
	// Frontends with clients from before a reload, and channels that are closed when these have
	// left.
	retired map[*servedFrontend]<-chan struct{}

	serving  sync.WaitGroup // of frontends that serve
	failed   chan error     // the error of the first frontend that has stopped serving
	retiring sync.WaitGroup // goroutines that wait for the last sessions from before a reload

	life context.Context // of the sessions, which outlive each call; ends with Close
	end  context.CancelFunc

	reloading sync.Mutex      // held by Reload, and at the beginning and the end of the gateway
	lingering atomic.Bool     // the gateway is told to stop, and serves for drain_delay
	knocking  clientCount     // clients that have not logged in
	handing   sync.Once       // closes handed
	handed    chan struct{}   // closed when another process has taken over the sockets
	serves    bool            // Serve was called; guarded by reloading
	up        context.Context // ends when the gateway is told to stop
	down      context.CancelFunc

	closing  sync.Once
	closeErr error
}

// config returns the current configuration.
func (g *Gateway) config() *config.Config {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cfg
}

// backend returns the backend with a name, or nil if it could not be started.
func (g *Gateway) backend(name string) backend.Backend {
	if s := g.stores()[name]; s != nil {
		return s.Backend
	}
	return nil
}

// Check reports everything that New would refuse. It starts every part, opens no listening socket,
// and stops everything again.
func Check(ctx context.Context, cfg *config.Config, opts Options) error {
	g, err := New(ctx, cfg, opts)
	if err != nil {
		return err
	}
	return g.Close()
}

// New starts the authenticators in parallel, starts the backends, and creates the frontends. The
// error is the error of ctx, or of type [config.Diagnostics] with all mistakes. After an error
// nothing is left running.
func New(ctx context.Context, cfg *config.Config, opts Options) (*Gateway, error) {
	g := &Gateway{
		began: time.Now(), cfg: cfg, opts: opts, log: opts.Log,
		auths: newAuthenticators(opts.Log, cfg.Login.Concurrent, cfg.Login.MaxWaiting), backends: map[string]*runningBackend{},
		retired: map[*servedFrontend]<-chan struct{}{}, failed: make(chan error, 1), handed: make(chan struct{}),
	}
	g.life, g.end = context.WithCancel(context.WithoutCancel(ctx))
	g.up, g.down = context.WithCancel(g.life)
	g.metrics = newMetrics(opts.Version, g.auths)
	g.hooks = hook.New(opts.Log, g.metrics)
	g.hooks.Follow(cfg.EventHooks)
	g.spans = tracing.New(opts.Log, opts.Version)
	g.spans.Follow(cfg.Tracing)
	diags := g.makeCaches() // first, because the shared cache has the secret for the keys of authenticators
	started, found := g.launch(ctx, cfg.Auths)
	g.auths.replace(started, nil)
	diags = append(diags, found...)
	for _, b := range cfg.Backends {
		s, err := g.newStore(b)
		if err != nil {
			diags = append(diags, b.Diagnose("", fmt.Sprintf("Backend %q cannot start", b.Name), err.Error()))
			continue
		}
		g.backends[b.Name] = s
	}
	g.desk = login.NewDesk(login.Options{
		Config: cfg.Login, Limits: cfg.Limits, Life: g.life, Local: g.local, Shared: g.shared, Used: g.auths.used, Log: g.log, Observer: &watcher{g.metrics, opts.audit(), g.hooks, g.spans},
	})
	g.metrics.registry.MustRegister(newStateMetrics(g))
	g.admin = g.newAdmin()
	for _, f := range cfg.Frontends {
		d, err := g.newDoor(cfg, f, g.backend(f.Backend))
		if err != nil {
			diags = append(diags, f.Diagnose("", fmt.Sprintf("Frontend %q %q cannot start", f.Kind, f.Name), err.Error()))
			continue
		}
		g.doors = append(g.doors, d)
	}
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), g.Close())
	case len(diags) > 0:
		if err := g.Close(); err != nil {
			g.log.Warn("not everything could be stopped", "err", err)
		}
		return nil, diags
	}
	return g, nil
}

// Listen opens all sockets. Clients can connect from now on, and are served by Serve. After an
// error, Close closes the opened sockets.
func (g *Gateway) Listen() error {
	inherited := new(frontend.Sockets)
	for _, s := range g.opts.Sockets {
		inherited.Add(s.Addr, s.Listener)
	}
	opened, err := g.admin.open(g.cfg.Admin, inherited)
	if err != nil {
		return err
	}
	g.admin.take(g.cfg.Admin, opened)
	var errs []error
	for _, d := range g.doors {
		d.listening = true // Shutdown must close what a failed Listen has opened
		if err := d.server.ListenAfter(inherited, nil); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d, addrHint(err)))
		}
	}
	for _, l := range inherited.CloseRest() {
		g.log.Warn("a socket that was handed over is not used: no listen names its address", "addr", l.Addr().String())
	}
	return errors.Join(errs...)
}

func addrHint(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w: stop the program that listens there, or give another address", err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: ports below 1024 are root's. Start filegate as root with user = %q in the configuration, or give it the right: "+
			"AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit, setcap cap_net_bind_service=+ep on the program, "+
			"or sysctl net.ipv4.ip_unprivileged_port_start=21 for all programs", err, "filegate")
	}
	return err
}

// Alive returns as soon as it has taken the locks of the gateway, and so shows that the gateway is
// not blocked.
func (g *Gateway) Alive() {
	g.desk.Sessions()
	g.auths.current()
	g.openDoors()
}

// AdminAddr returns the address of the admin server, after Listen, or nil if there is none or only
// a unix socket.
func (g *Gateway) AdminAddr() net.Addr {
	for _, a := range g.admin.addrs() {
		if a.Network() == "tcp" {
			return a
		}
	}
	return nil
}

// Serve serves clients until ctx ends. It then lets running transfers complete for the configured
// grace period (see drain.go), but no longer than until now ends. After HandOver it also ends: it
// first continues to serve the connected clients for drain_delay (see handover.go). It returns nil,
// or the error of a frontend that has failed. It must be called once.
func (g *Gateway) Serve(ctx, now context.Context) error {
	g.reloading.Lock()
	g.serves = true
	for _, d := range g.openDoors() {
		g.run(d)
	}
	g.reloading.Unlock()
	g.admin.serve()
	for _, a := range g.admin.addrs() {
		key := "addr"
		if a.Network() == "unix" {
			key = "socket"
		}
		g.log.Info("admin listening", key, a.String())
	}
	for _, a := range g.Addrs() {
		g.log.Info("listening", "frontend", a.Kind+"."+a.Name, "addr", a.String())
	}
	g.log.Info("ready", "version", g.opts.Version)
	var err error
	select {
	case <-ctx.Done():
		err = g.serveDrainDelay(now)
	case <-g.handed:
		err = g.leave(ctx, now)
	case err = <-g.failed:
	}
	if err != nil {
		g.log.Error("a frontend failed", "err", err)
	}
	g.drain(now)
	g.admin.close()
	g.serving.Wait()
	g.log.Info("stopped")
	return err
}

// Close stops everything that still runs: the authenticators, the backends, and unserved sockets.
// It may be called twice.
func (g *Gateway) Close() error {
	g.closing.Do(func() { g.closeErr = g.close() })
	return g.closeErr
}

func (g *Gateway) close() error {
	g.end()
	g.reloading.Lock() // a running reload completes first, and no other begins
	defer g.reloading.Unlock()
	var errs []error
	cut, cancel := context.WithCancel(context.Background())
	cancel() // no client can have connected to a frontend that was not served
	for _, d := range g.doors {
		if d.listening && !d.served {
			if err := d.server.Shutdown(cut); err != nil && !errors.Is(err, context.Canceled) {
				errs = append(errs, fmt.Errorf("%s: %w", d, err))
			}
		}
	}
	g.admin.close()
	g.hooks.Close()
	g.desk.Close() // while the authenticators that take back grants still run
	g.spans.Close(g.config().ShutdownGrace)
	g.retiring.Wait()
	for name, b := range g.backends {
		if err := b.Close(); err != nil {
			errs = append(errs, fmt.Errorf("backend %q: %w", name, err))
		}
	}
	errs = append(errs, g.closeCaches())
	errs = append(errs, g.auths.close())
	return errors.Join(errs...)
}
