package main

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"text/tabwriter"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

func cmdPluginList(e env, args []string) int {
	fs := newFlags(e, "plugin list", "[-c FILE]")
	file := fs.String("c", defaultFile, "the configuration `file`")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return e.fail(err)
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	launcher := &authplugin.Launcher{}
	infos, errs := make([]auth.Info, len(cfg.Auths)), make([]error, len(cfg.Auths))
	var wg sync.WaitGroup
	for i, a := range cfg.Auths {
		wg.Go(func() {
			p, err := targetOf(a, log).launch(e, launcher)
			if err != nil {
				errs[i] = err
				return
			}
			infos[i], errs[i] = p.Info(), p.Healthy()
			if err := p.Close(); err != nil {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	code := exitOK
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tKIND\tVERSION\tMETHODS\tHEALTH\tPROGRAM")
	for i, a := range cfg.Auths {
		health := "ok"
		if errs[i] != nil {
			health = "fails"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, a.Kind, orDash(infos[i].Version), orDash(joined(infos[i].Methods)), health, a.Path)
	}
	w.Flush()
	for _, err := range errs {
		if err != nil {
			code = max(code, e.fail(err))
		}
	}
	return code
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func joined[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = string(t)
	}
	return strings.Join(texts, ",")
}
