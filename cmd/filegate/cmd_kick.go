package main

import (
	"fmt"
	"text/tabwriter"

	"filegate/core/admin"
)

func cmdKick(e env, args []string) int {
	fs, a := askFlags(e, "kick", "USER | -session ID\n\nEnd all sessions of a user and forget the user's cached logins, or end one session.\nThe exit code is 1 if there was no such session.\n")
	id := fs.String("session", "", "end only the session with this `id`, from filegate sessions")
	if err := fs.Parse(args); err != nil {
		code, _ := parse(e, fs, args)
		return code
	}
	want := admin.Kick{Session: *id}
	switch {
	case *id == "" && fs.NArg() == 1:
		want.User = fs.Arg(0)
	case *id != "" && fs.NArg() == 0:
	default:
		fmt.Fprintln(e.stderr, "filegate kick: name one user, or one session with -session")
		fs.Usage()
		return exitUsage
	}
	n := 0
	code := printed(e, a, func(c *admin.Client) (_ admin.Kicked, err error) {
		n, err = c.Kick(e.stop, want)
		return admin.Kicked{Sessions: n}, err
	}, func(w *tabwriter.Writer, k admin.Kicked) { fmt.Fprintf(w, "sessions ended: %d\n", k.Sessions) })
	if code == exitOK && n == 0 {
		return exitFailure
	}
	return code
}
