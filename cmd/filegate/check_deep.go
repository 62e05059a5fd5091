package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filegate/core/auth"
	"filegate/core/config"
	"filegate/core/gateway"
)

// checkDeep tests the services, ports and certificates that the gateway needs. good is false if a
// test fails.
func checkDeep(e env, cfg *config.Config, opts gateway.Options, user string) (good bool, err error) {
	g, err := gateway.New(e.stop, cfg, opts)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	good = true
	if user != "" {
		good = tryLogin(e, cfg, g, user)
	}
	for _, f := range g.Probe(e.stop) {
		fmt.Fprintf(e.stdout, "%s  %s: %s\n", [...]string{"ok  ", "warn", "FAIL"}[f.Level], f.Where, f.Text)
		good = good && f.Level != gateway.Faulty
	}
	return good, nil
}

// tryLogin logs a user in through each frontend, as a client does, and lists the first directory.
func tryLogin(e env, cfg *config.Config, g *gateway.Gateway, user string) bool {
	password, err := e.askAnswer("password: ", false)
	if err != nil {
		fmt.Fprintf(e.stdout, "FAIL  the password could not be read: %v\n", err)
		return false
	}
	good := true
	described := map[string]bool{}
	for _, f := range cfg.Frontends {
		where := fmt.Sprintf("login of %s by frontend %q %q", shown(user), f.Kind, f.Name)
		told, store, err := tryFrontend(e, g, f, user, password)
		if err != nil {
			good = false
			fmt.Fprintf(e.stdout, "FAIL  %s: %v\n", where, err)
			continue
		}
		fmt.Fprintf(e.stdout, "ok    %s: %s\n", where, told)
		if store != "" && !described[store] {
			described[store] = true
			fmt.Fprint(e.stdout, store)
		}
	}
	return good
}

// tryFrontend logs a user in through a frontend. It returns the result of the login, and a
// description of the storage.
func tryFrontend(e env, g *gateway.Gateway, f *config.Frontend, user string, password auth.Secret) (told, store string, err error) {
	sess, err := logIn(e, g, f, user, password)
	if err != nil {
		return "", "", err
	}
	defer sess.Close()
	id := sess.Identity()
	told = fmt.Sprintf("let in by auth %q as %s, storage %s", id.Grant.Issuer, shown(id.User), orDash(id.Grant.Endpoint))
	lister, err := sess.List(e.stop, "/")
	if err != nil {
		return "", "", fmt.Errorf("%s; its files cannot be listed: %w", told, err)
	}
	defer lister.Close()
	entries, err := lister.Next(e.stop)
	if err != nil && len(entries) == 0 && !errors.Is(err, io.EOF) {
		return "", "", fmt.Errorf("%s; its files cannot be listed: %w", told, err)
	}
	traits, err := sess.Traits(e.stop)
	if err != nil {
		return "", "", fmt.Errorf("%s; what it supports cannot be found out: %w", told, err)
	}
	var lines strings.Builder
	for _, t := range traits {
		fmt.Fprintf(&lines, "ok    backend %q: %s: %s\n", f.Backend, t.Name, t.Text)
	}
	return told + ", whose first directory can be listed", lines.String(), nil
}
