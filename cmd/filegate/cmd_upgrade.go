package main

import "fmt"

func cmdUpgrade(e env, args []string) int {
	fs, a := askFlags(e, "upgrade", "\n\nHave a running gateway start its program anew, as SIGUSR2 does, without refusing a connection: after a new version was installed in the place of the old one.\n"+
		"The new process takes over the sockets when it is ready; the old one serves its clients for drain_delay, lets transfers end, and exits.\n"+
		"When the new process does not come up, its mistakes are shown and the old one serves on. The exit code is then 1.\n")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	c, err := a.client()
	if err != nil {
		return e.fail(err)
	}
	told, err := c.Upgrade(e.stop)
	if err != nil {
		return e.failAsk(err)
	}
	for _, line := range told {
		fmt.Fprintln(e.stdout, line)
	}
	return exitOK
}
