package main

import (
	"fmt"
	"io"
	"strings"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

func cmdPluginDescribe(e env, args []string) int {
	fs := newFlags(e, "plugin describe", "[-c FILE] [-format FORMAT] NAME|PATH")
	var flags targetFlags
	format := fs.String("format", "text", "the `format`: "+formatNames())
	fs.StringVar(&flags.file, "c", defaultFile, "the configuration `file`, for NAME")
	words, code, ok := parseMixed(e, fs, args, 1)
	if !ok {
		return code
	}
	write, ok := descriptionFormats()[*format]
	if !ok {
		fmt.Fprintf(e.stderr, "filegate plugin describe: there is no format %q: take one of %s\n", *format, formatNames())
		return exitUsage
	}
	t, err := flags.target(e, words[0])
	if err != nil {
		return e.fail(err)
	}
	info, err := (&authplugin.Launcher{}).Describe(e.stop, t.spec)
	if err != nil {
		return e.fail(err)
	}
	if err := write(e.stdout, info); err != nil {
		return e.fail(err)
	}
	return exitOK
}

func describe(w io.Writer, info auth.Info) {
	fmt.Fprintf(w, "%s %s\n\nmethods: %s\n", info.Name, info.Version, strings.ReplaceAll(joined(info.Methods), ",", ", "))
	for _, can := range []struct {
		does bool
		what string
	}{{info.Revalidates, "can revalidate logins"}, {info.Releases, "can release grants"}} {
		if can.does {
			fmt.Fprintf(w, "%s\n", can.what)
		}
	}
	if len(info.Schema) == 0 {
		fmt.Fprintln(w, "\nIts config block has no attributes.")
		return
	}
	fmt.Fprint(w, "\nIts config block has\n")
	for _, a := range info.Schema {
		words := []string{string(a.Type)}
		if a.Required {
			words = append(words, "required")
		}
		if a.Secret {
			words = append(words, "secret")
		}
		if a.Default != "" {
			words = append(words, "default "+a.Default)
		}
		fmt.Fprintf(w, "\n  %s (%s)\n      %s\n", a.Name, strings.Join(words, ", "), a.Doc)
	}
}
