package main

import (
	"errors"
	"fmt"
	"log/slog"

	"filegate/authplugins/authplugin"
	"filegate/core/config"
	"filegate/core/gateway"
)

// defaultFile is the configuration that serve and check read where none is named.
const defaultFile = "/etc/filegate/gateway.hcl"

func cmdServe(e env, args []string) int {
	fs := newFlags(e, "serve", "[-c FILE]")
	file := fs.String("c", defaultFile, "the configuration `file`")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return e.fail(err)
	}
	if err := serve(e, cfg, nil); err != nil {
		return e.fail(err)
	}
	return exitOK
}

// serve runs a gateway until the process is told to stop. It calls ready, if there is one, when clients can come.
func serve(e env, cfg *config.Config, ready func([]gateway.Addr)) (err error) {
	log, output, err := gateway.OpenLog(cfg.Log, e.stderr)
	if err != nil {
		return err
	}
	defer output.Close()
	g, err := gateway.New(e.stop, cfg, options(log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	if err := g.Listen(); err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	if ready != nil {
		ready(g.Addrs())
	}
	return g.Serve(e.stop, e.now)
}

func options(log *slog.Logger) gateway.Options {
	return gateway.Options{Launcher: &authplugin.Launcher{}, Version: version(), Log: log}
}
