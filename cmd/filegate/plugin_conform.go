package main

import (
	"context"
	"fmt"
	"strings"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/conformance"
	"filegate/core/auth"
)

func cmdPluginTest(e env, args []string) int {
	fs := newFlags(e, "plugin test", "[-c FILE] [-set NAME=VALUE] [-u USER] [-key FILE] [-cert FILE] [-password] [-unknown USER] NAME|PATH\n\n"+
		"Without -u only the rules that need no login are tested. The command asks for the password of USER, or reads it from\n"+
		"standard input, and then for the answer to each prompt that the authenticator shows, once, one on each line. With -key and\n"+
		"-cert it tests logins with a key and a client certificate, and with -password those with a password too; the private keys are\n"+
		"not needed. It also tries about twenty logins with wrong passwords: a service may lock the user out.\n")
	var flags targetFlags
	flags.register(fs)
	var right rightLogins
	fs.StringVar(&right.user, "u", "", "a `user` who can log in")
	fs.StringVar(&right.keyFile, "key", "", "the `file` of a public key with which USER can log in")
	fs.StringVar(&right.certificateFile, "cert", "", "the PEM `file` of a TLS client certificate with which USER can log in")
	fs.BoolVar(&right.password, "password", false, "USER has a password, beside what -key and -cert name")
	unknown := fs.String("unknown", "", "a `user` who does not exist")
	words, code, ok := parseMixed(e, fs, args, 1)
	if !ok {
		return code
	}
	t, err := flags.target(e, words[0])
	if err != nil {
		return e.fail(err)
	}
	launcher := &authplugin.Launcher{}
	p, err := t.launch(e, launcher)
	if err != nil {
		return e.fail(err)
	}
	defer p.Close()
	subject := conformance.Subject{
		Info: p.Info(), Authenticator: p, Unknown: *unknown,
		EndsWithHost: func(ctx context.Context) error { return launcher.EndsWithHost(ctx, t.spec) },
	}
	var second auth.Plugin
	subject.Again = func(context.Context) (auth.Authenticator, error) {
		second, err = t.launch(e, launcher)
		return second, err
	}
	defer func() {
		if second != nil {
			second.Close()
		}
	}()
	if right.user != "" {
		if subject.Logins, err = right.find(e, p.Info(), p); err != nil {
			return e.fail(err)
		}
	}
	return e.conform(subject)
}

// conform tests the subject against all rules, and prints the result of each at once.
func (e env) conform(s conformance.Subject) int {
	var hold, broken, unchecked int
	for _, rule := range conformance.Rules() {
		result := rule.Run(e.stop, s)
		switch {
		case e.stop.Err() != nil:
			return exitFailure
		case result.Lacking != "":
			unchecked++
			fmt.Fprintf(e.stdout, "-     %s: not tested, it needs %s\n", result.Rule, result.Lacking)
		case len(result.Failures) > 0:
			broken++
			fmt.Fprintf(e.stdout, "FAIL  %s\n", result.Rule)
			for _, f := range result.Failures {
				fmt.Fprintf(e.stdout, "          %s\n", strings.ReplaceAll(f, "\n", "\n          "))
			}
		default:
			hold++
			fmt.Fprintf(e.stdout, "ok    %s\n", result.Rule)
		}
	}
	fmt.Fprintf(e.stdout, "\n%s %s: %d rules hold, %d are broken, %d were not tested\n", s.Info.Name, s.Info.Version, hold, broken, unchecked)
	if broken > 0 {
		return exitFailure
	}
	return exitOK
}
