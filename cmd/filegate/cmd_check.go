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
	cfg, confined, err := loadConfined(*file) // what serve will be able to do
	if err != nil {
		return confined.fail(e, err)
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := gateway.Check(e.stop, cfg, options(log)); err != nil {
		return confined.fail(e, err)
	}
	_ = append(cfg.Warnings(), machineWarnings(cfg)...).Write(e.stderr, e.terminal.width, e.terminal.color) // there is nowhere else to tell it
	fmt.Fprintf(e.stdout, "%s: no mistakes found\n", *file)
	return exitOK
}
