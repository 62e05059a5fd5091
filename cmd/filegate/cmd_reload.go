package main

import (
	"fmt"

	"filegate/core/admin"
)

func cmdReload(e env, args []string) int {
	fs, a := askFlags(e, "reload", "\n\nMake a running gateway reload its configuration, as SIGHUP does, and show the result.\nIf the file has mistakes, nothing changes and the exit code is 3.\n")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	c, err := a.client()
	if err != nil {
		return e.fail(err)
	}
	told, err := c.Reload(e.stop)
	if err != nil {
		return e.failReload(err)
	}
	for _, line := range told {
		fmt.Fprintln(e.stdout, line)
	}
	return exitOK
}

// failReload prints why a gateway has not reloaded its configuration. Mistakes in the file look as
// in filegate check.
func (e env) failReload(err error) int {
	if mistakes, ok := admin.Mistakes(err); ok {
		fmt.Fprintln(e.stderr, mistakes)
		return exitConfig
	}
	return e.failAsk(err)
}
