package main

import (
	"fmt"
	"log/slog"

	"filegate/core/gateway"
)

func cmdCheck(e env, args []string) int {
	fs := newFlags(e, "check", "[-c FILE]")
	file := fs.String("c", defaultFile, "the configuration `file`")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return e.fail(err)
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := gateway.Check(e.stop, cfg, options(log)); err != nil {
		return e.fail(err)
	}
	_ = append(cfg.Warnings(), machineWarnings(cfg)...).Write(e.stderr, e.terminal.width, e.terminal.color) // there is nowhere else to tell it
	fmt.Fprintf(e.stdout, "%s: no mistakes found\n", *file)
	return exitOK
}
