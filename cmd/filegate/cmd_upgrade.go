package main

import "fmt"

func cmdUpgrade(e env, args []string) int {
	fs, a := askFlags(e, "upgrade", "\n\nReplace a running gateway by the filegate that is now installed, without refusing connections, as SIGUSR2 does.\n"+
		"The new process takes over the sockets when it is ready; the old one serves its clients for drain_delay, lets transfers end, and exits.\n"+
		"If the new process fails to start, the command shows why, the old one continues, and the exit code is 1.\n")
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
