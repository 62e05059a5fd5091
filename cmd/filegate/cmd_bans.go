package main

import (
	"fmt"
	"net/netip"
	"text/tabwriter"
	"time"

	"filegate/core/admin"
)

func cmdBans(e env, args []string) int {
	fs, a := askFlags(e, "bans", `[list | add NAME | lift NAME]

List the bans in force that a running gateway knows of, ban an address or a user, or lift a ban. NAME is an address, the
network that is listed for it, or a user; -user takes what looks like an address for a user.
Sessions go on when their user or address is banned: see filegate kick.
`)
	dur := fs.Duration("for", 10*time.Minute, "how long the ban lasts, with add")
	user := fs.Bool("user", false, "the name is that of a user")
	var words []string
	for rest := args; ; {
		if err := fs.Parse(rest); err != nil {
			code, _ := parse(e, fs, rest)
			return code
		}
		if fs.NArg() == 0 {
			break
		}
		words, rest = append(words, fs.Arg(0)), fs.Args()[1:]
	}
	list := func(w *tabwriter.Writer, all []admin.Ban) {
		fmt.Fprintln(w, "OF\tNAME\tLEFT")
		for _, b := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", b.Of, shown(b.Name), time.Until(b.Until).Round(time.Second))
		}
	}
	switch {
	case len(words) == 0, len(words) == 1 && words[0] == "list":
		return printed(e, a, func(c *admin.Client) ([]admin.Ban, error) { return c.Bans(e.stop) }, list)
	case len(words) == 2 && words[0] == "add":
		want := admin.SetBan{Of: banOf(words[1], *user), Name: words[1], For: dur.String()}
		return printed(e, a, func(c *admin.Client) ([]admin.Ban, error) { return c.SetBan(e.stop, want) }, list)
	case len(words) == 2 && words[0] == "lift":
		want := admin.SetBan{Of: banOf(words[1], *user), Name: words[1]}
		return printed(e, a, func(c *admin.Client) ([]admin.Ban, error) { return c.SetBan(e.stop, want) }, list)
	}
	fmt.Fprintln(e.stderr, "filegate bans: say list, add NAME or lift NAME")
	fs.Usage()
	return exitUsage
}

// banOf returns whether a name is that of an address or of a user.
func banOf(name string, user bool) string {
	_, addrErr := netip.ParseAddr(name)
	_, prefixErr := netip.ParsePrefix(name)
	if !user && (addrErr == nil || prefixErr == nil) {
		return "address"
	}
	return "user"
}
