package main

import (
	"cmp"
	"fmt"
	"path/filepath"

	"filegate/authplugins/authplugin/authv1"
	"filegate/authplugins/scaffold"
)

func cmdPluginInit(e env, args []string) int {
	fs := newFlags(e, "plugin init", "[-o DIR] [-module PATH] go|python|sh|http NAME\n\n"+
		"It writes a project that works, with a test and a README: in go or python an authenticator of the kind NAME, in sh or http\n"+
		"what answers the questions of the authenticator \"hook\".\n")
	dir := fs.String("o", "", "the `directory` to make; default: filegate-auth-NAME, in sh and http NAME")
	module := fs.String("module", "", "the `path` of the Go module; default: example.net/filegate-auth-NAME")
	words, code, ok := parseMixed(e, fs, args, 2)
	if !ok {
		return code
	}
	p := scaffold.Project{Form: words[0], Name: words[1], Module: *module}
	name := "filegate-auth-" + p.Name
	if p.Form == "sh" || p.Form == "http" {
		name = p.Name
	}
	target := cmp.Or(*dir, name)
	files, err := p.Write(target)
	if err != nil {
		return e.fail(err)
	}
	for _, f := range files {
		fmt.Fprintln(e.stdout, filepath.Join(target, f))
	}
	fmt.Fprintf(e.stdout, "\nWhat to do next is in %s.\n", filepath.Join(target, "README.md"))
	return exitOK
}

func cmdPluginProto(e env, args []string) int {
	fs := newFlags(e, "plugin proto", "")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	fmt.Fprint(e.stdout, authv1.Proto)
	return exitOK
}
