package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"filegate/cmd/filegate/confine"
	"filegate/core/config"
	"filegate/core/gateway"
)

// reloader reloads the configuration of a running gateway, or replaces this process by a new one.
type reloader struct {
	file string
	log  *gateway.Logs
	g    *gateway.Gateway

	confined *confine.Confinement
	boss     *supervisor
	origin   origin
	heritage *heritage
	pid      *pidFile // may be nil

	replaced atomic.Bool // a new process has replaced this one
	changing sync.Mutex  // held by a reload and by an upgrade
}

// on calls act for each signal, until ctx ends.
func (r *reloader) on(ctx context.Context, signals <-chan os.Signal, act func(context.Context) ([]string, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		_, _ = act(ctx) // act logs its errors
	}
}

// reload reopens the log files, for logrotate, and applies the changes of the configuration.
// Mistakes in the file are logged; then the running configuration stays.
func (r *reloader) reload(ctx context.Context) (told []string, err error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.log.Reopen(); err != nil {
		r.log.Error("log files cannot be opened anew, and the old ones are written on", "err", err)
	}
	r.log.Info("reloading", "file", r.file)
	r.boss.reloading()
	defer r.boss.tell("READY=1")
	cfg, err := loadConfig(r.file)
	if err == nil {
		told, err = r.g.Reload(ctx, cfg)
	} else {
		r.g.ReloadFailed()
	}
	if err == nil || errors.Is(err, gateway.ErrShutdown) || ctx.Err() != nil {
		return told, err
	}
	diags, _ := errors.AsType[config.Diagnostics](err)
	for _, d := range diags {
		r.log.Error("mistake in the configuration", "place", d.Place(), "summary", d.Summary, "detail", d.Detail)
	}
	if len(diags) == 0 {
		r.log.Error("configuration cannot be reloaded", "err", err)
	}
	if hint := r.confined.Hint(err); hint != "" {
		r.log.Warn("not everything can be reloaded with the rights that are left", "help", hint)
	}
	r.log.Warn("nothing was reloaded: everything goes on as before")
	return nil, err
}
