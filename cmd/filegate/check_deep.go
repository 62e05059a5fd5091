package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
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
	req := auth.Request{
		User: user, Password: password, Method: auth.Password, Service: f.Kind, SessionID: "filegate-check",
		Remote: netip.MustParseAddrPort("127.0.0.1:1"), Client: "filegate check",
	}
	for range maxLoginSteps {
		sess, step, err := g.Try(e.stop, f.Kind, f.Name, req)
		switch {
		case err != nil:
			return "", "", fmt.Errorf("%w: filegate login -c FILE -u USER AUTH shows each step", err)
		case sess != nil:
			defer sess.Close()
			id := sess.Identity()
			told := fmt.Sprintf("let in by auth %q as %s, storage %s", id.Grant.Issuer, shown(id.User), orDash(id.Grant.Endpoint))
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
			var store strings.Builder
			for _, t := range traits {
				fmt.Fprintf(&store, "ok    backend %q: %s: %s\n", f.Backend, t.Name, t.Text)
			}
			return told + ", whose first directory can be listed", store.String(), nil
		case step == nil || !slices.Contains(step.Methods, auth.Interactive):
			return "", "", errors.New("the password is right, but the login needs another step that only a client can do")
		}
		req.State, req.Answers, req.Method, req.Password = step.State, nil, auth.Interactive, ""
		for _, p := range step.Prompts {
			answer, err := e.askAnswer(p.Text, p.Echo)
			if err != nil {
				return "", "", err
			}
			req.Answers = append(req.Answers, answer)
		}
	}
	return "", "", fmt.Errorf("the login has not ended after %d steps", maxLoginSteps)
}
