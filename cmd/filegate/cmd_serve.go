package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"filegate/authplugins/authplugin"
	"filegate/core/config"
	"filegate/core/gateway"
)

// defaultFile is the configuration that serve and check read where none is named.
const defaultFile = "/etc/filegate/gateway.hcl"

func cmdServe(e env, args []string) int {
	fs := newFlags(e, "serve", "[-c FILE]\n\nSIGHUP makes it read the file again, and take over what has changed without a client noticing.\n")
	file := fs.String("c", defaultFile, "the configuration `file`")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	sockets, err := inheritedSockets()
	if err != nil {
		return e.fail(err)
	}
	boss := findSupervisor()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	cfg, confined, err := loadConfined(*file)
	if err != nil {
		return confined.fail(e, err)
	}
	if !cfg.CoreDumps {
		if err := forbidCoreDumps(); err != nil { // before any secret of a client is here
			return e.fail(err)
		}
	}
	var reloading sync.WaitGroup
	defer reloading.Wait()
	life, end := context.WithCancel(e.stop)
	defer end()
	r := &reloader{file: *file, confined: confined, boss: boss, sockets: sockets}
	err = serve(e, cfg, r, func(*gateway.Gateway) {
		if err := confined.keepNothing(cfg); err != nil {
			confined.warnings = append(confined.warnings, err.Error())
		}
		for _, w := range confined.warnings {
			r.log.Warn("not everything that is not needed was given up", "warning", w)
		}
		reloading.Go(func() { r.on(life, hangups) })
	})
	if err != nil {
		return confined.fail(e, err)
	}
	return exitOK
}

// serve runs a gateway until the process is told to stop. It calls ready when clients can come. r,
// which may be nil, can reload from then on.
func serve(e env, cfg *config.Config, r *reloader, ready func(*gateway.Gateway)) (err error) {
	log, err := gateway.OpenLogs(cfg.Log, cfg.Audit, e.stderr)
	if err != nil {
		return err
	}
	defer log.Close()
	opts := options(log.Logger)
	opts.Logs = log
	var boss supervisor
	if r != nil {
		opts.Reload, opts.Sockets, boss = r.reload, r.sockets, r.boss
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
	if cfg.PIDFile != "" {
		pid, err := writePIDFile(cfg.PIDFile)
		if err != nil {
			return err
		}
		defer pid.remove()
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

func options(log *slog.Logger) gateway.Options {
	return gateway.Options{Launcher: &authplugin.Launcher{}, Version: version(), Log: log}
}
