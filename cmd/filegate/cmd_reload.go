package main

import (
	"fmt"

	"filegate/core/admin"
)

func cmdReload(e env, args []string) int {
	fs, a := askFlags(e, "reload", "\n\nMake a running gateway read its configuration again, as SIGHUP does, and show what came of it.\nThe exit code is 3 when the file has mistakes: then nothing has changed.\n")
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

// failReload tells why a gateway has not reloaded: mistakes as check tells them.
func (e env) failReload(err error) int {
	if mistakes, ok := admin.Mistakes(err); ok {
		fmt.Fprintln(e.stderr, mistakes)
		return exitConfig
	}
	return e.failAsk(err)
}
