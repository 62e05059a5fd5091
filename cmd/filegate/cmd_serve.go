package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"filegate/authplugins/authplugin"
	"filegate/cmd/filegate/confine"
	"filegate/core/config"
	"filegate/core/gateway"
)

// defaultFile is the configuration file if -c is not given.
const defaultFile = "/etc/filegate/gateway.hcl"

func cmdServe(e env, args []string) int {
	fs := newFlags(e, "serve", "[-c FILE]\n\nSIGHUP reloads the file. Open sessions are not interrupted.\nSIGUSR2 starts the program anew, which takes over the sockets: see filegate upgrade -h.\n")
	file := fs.String("c", defaultFile, "the configuration `file`")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	r := &reloader{file: *file, origin: originOf()}
	var err error
	if r.heritage, err = inherit(); err != nil {
		return e.fail(err)
	}
	var said strings.Builder
	show := e
	show.stderr = io.MultiWriter(e.stderr, &said)
	code := serveFile(e, show, r)
	if code != exitOK {
		r.heritage.failed(said.String())
	}
	return code
}

// serveFile runs a gateway with a configuration file. It prints errors for the user through show.
func serveFile(e, show env, r *reloader) int {
	r.boss = findSupervisor()
	hangups, upgrades := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	signal.Notify(upgrades, syscall.SIGUSR2)
	defer signal.Stop(upgrades)
	cfg, confined, err := loadConfined(r.file, r.heritage.sandbox)
	if err != nil {
		return failConfined(show, confined, err)
	}
	r.confined = confined
	if !cfg.CoreDumps {
		if err := confine.ForbidCoreDumps(); err != nil { // before the memory contains secrets of clients
			return show.fail(err)
		}
	}
	var reloading sync.WaitGroup
	defer reloading.Wait()
	life, end := context.WithCancel(e.stop)
	defer end()
	err = serve(e, cfg, r, func(*gateway.Gateway) {
		if err := confined.Finish(cfg); err != nil {
			confined.Warnings = append(confined.Warnings, err.Error())
		}
		for _, w := range confined.Warnings {
			r.log.Warn("the process has more rights than it needs", "warning", w)
		}
		reloading.Go(func() { r.on(life, hangups, r.reload) })
		reloading.Go(func() { r.on(life, upgrades, r.upgrade) })
	})
	if err != nil {
		return failConfined(show, confined, err)
	}
	return exitOK
}

// serve runs a gateway until the process gets a signal to stop. It calls ready when the gateway
// accepts clients. If r is not nil, r can reload the gateway from then on.
func serve(e env, cfg *config.Config, r *reloader, ready func(*gateway.Gateway)) (err error) {
	log, err := gateway.OpenLogs(cfg.Log, cfg.Audit, e.stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	defer takeStandardLog(log.Logger)()
	opts := options(log.Logger)
	opts.Logs = log
	boss := new(supervisor)
	if r != nil {
		opts.Reload, opts.Upgrade, opts.Sockets, boss = r.reload, r.upgrade, r.heritage.sockets, r.boss
	}
	g, err := gateway.New(e.stop, cfg, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if r != nil {
		r.g, r.log = g, log
	}
	if err := g.Listen(); err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	if r != nil {
		if err := r.takePlace(e.stop, cfg); err != nil {
			return err
		}
		defer func() {
			if !r.replaced.Load() {
				r.pid.remove()
			}
		}()
	}
	for _, w := range append(cfg.Warnings(), machineWarnings(cfg)...) {
		log.Warn("configuration warning", "place", w.Place(), "summary", w.Summary, "detail", w.Detail)
	}
	ready(g)
	var tending sync.WaitGroup
	life, end := context.WithCancel(e.stop)
	tending.Go(func() { tendHeap(life) })
	defer tending.Wait()
	defer end()
	served, over := context.WithCancel(context.WithoutCancel(e.stop))
	tending.Go(func() { boss.tend(served, g.Alive) })
	defer over()
	defer context.AfterFunc(e.stop, func() { boss.tell("STOPPING=1") })()
	boss.tell("READY=1")
	return g.Serve(e.stop, e.now)
}

// takePlace locks the PID file, and waits until the replaced process, if there is one, lets this
// one serve. Then it writes the ID of this process into the PID file.
func (r *reloader) takePlace(ctx context.Context, cfg *config.Config) (err error) {
	old := r.heritage.pid
	switch {
	case old != nil && old.name == cfg.PIDFile:
		r.pid = old
	case cfg.PIDFile != "":
		if r.pid, err = lockPIDFile(cfg.PIDFile); err != nil {
			return err
		}
	}
	err = r.heritage.ready(ctx)
	if err == nil && r.pid != nil {
		err = r.pid.write()
	}
	switch {
	case err == nil && r.pid != old:
		old.remove()
	case err != nil && r.pid != old:
		r.pid.remove()
	}
	return err
}

func options(log *slog.Logger) gateway.Options {
	return gateway.Options{Launcher: &authplugin.Launcher{}, Version: version(), Log: log}
}
