package main

import (
	"fmt"
	"log/slog"

	"filegate/core/gateway"
)

func cmdCheck(e env, args []string) int {
	fs := newFlags(e, "check", "[-c FILE] [-deep [-user USER]]\n\nReport all mistakes in the configuration file. With -deep also test the services that the gateway needs.\n")
	file := fs.String("c", defaultFile, "the configuration `file`")
	deep := fs.Bool("deep", false, "also test the authenticators' services, the ports, public_host, and the expiry dates of certificates")
	user := fs.String("user", "", "with -deep: log in as this `user` through each frontend, list the first directory, and show what the storage supports; the command asks for the password")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	cfg, confined, err := loadConfined(*file, "") // test with the rights that serve will have
	if err != nil {
		return failConfined(e, confined, err)
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := gateway.Check(e.stop, cfg, options(log)); err != nil {
		return failConfined(e, confined, err)
	}
	_ = append(cfg.Warnings(), machineWarnings(cfg)...).Write(e.stderr, e.terminal.width, e.terminal.color) // errors of standard error cannot be reported
	if *deep || *user != "" {
		good, err := checkDeep(e, cfg, options(log), *user)
		if err != nil {
			return failConfined(e, confined, err)
		}
		if !good {
			fmt.Fprintf(e.stdout, "%s: no mistakes found in the file, but the gateway would not work\n", *file)
			return exitFailure
		}
	}
	fmt.Fprintf(e.stdout, "%s: no mistakes found\n", *file)
	return exitOK
}
