package main

import (
	"fmt"
	"io"
)

// group is a command that consists of subcommands.
type group struct {
	name     string
	commands []command
	synopsis string // what follows the name of the subcommand
	more     string // text at the end of the usage
}

func (g group) run(e env, args []string) int {
	if len(args) > 0 {
		for _, c := range g.commands {
			if c.name == args[0] {
				return c.run(e, args[1:])
			}
		}
	}
	out, code := e.stderr, exitUsage
	if len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		out, code = e.stdout, exitOK
	} else if len(args) > 0 {
		fmt.Fprintf(e.stderr, "filegate %s: there is no command %q\n\n", g.name, args[0])
	}
	g.usage(out)
	return code
}

func (g group) usage(w io.Writer) {
	fmt.Fprintf(w, "Usage: filegate %s COMMAND %s\n\n", g.name, g.synopsis)
	for _, c := range g.commands {
		fmt.Fprintf(w, "  %-10s  %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "\n%s", g.more)
}
