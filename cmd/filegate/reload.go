package main

import (
	"context"
	"errors"
	"os"

	"filegate/core/config"
	"filegate/core/gateway"
)

// reloadOn reads the configuration again on each signal, until ctx ends. What is wrong with it is in the log, and changes nothing.
func reloadOn(ctx context.Context, signals <-chan os.Signal, g *gateway.Gateway, file string, confined *confinement, log *gateway.Logs) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		if err := log.Reopen(); err != nil { // files that logrotate has renamed
			log.Error("log files cannot be opened anew, and the old ones are written on", "err", err)
		}
		log.Info("reloading", "file", file)
		err := reload(ctx, g, file)
		if err == nil || errors.Is(err, gateway.ErrShutdown) || ctx.Err() != nil {
			continue
		}
		diags, _ := errors.AsType[config.Diagnostics](err)
		for _, d := range diags {
			log.Error("mistake in the configuration", "place", d.Place(), "summary", d.Summary, "detail", d.Detail)
		}
		if len(diags) == 0 {
			log.Error("configuration cannot be reloaded", "err", err)
		}
		if hint := confined.hint(err); hint != "" {
			log.Warn(hint)
		}
		log.Warn("nothing was reloaded: everything goes on as before")
	}
}

func reload(ctx context.Context, g *gateway.Gateway, file string) error {
	cfg, err := loadConfig(file)
	if err != nil {
		return err
	}
	return g.Reload(ctx, cfg)
}
