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

List the bans that are in force, ban an address or a user, or lift a ban. NAME is an address, a listed network, or a user.
With -user, NAME is a user even if it looks like an address.
A ban does not end open sessions: see filegate kick.
`)
	dur := fs.Duration("for", 10*time.Minute, "with add: the duration of the ban")
	user := fs.Bool("user", false, "NAME is a user")
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
	fmt.Fprintln(e.stderr, "filegate bans: give list, add NAME or lift NAME")
	fs.Usage()
	return exitUsage
}

// banOf returns "address" or "user", the kind of a name.
func banOf(name string, user bool) string {
	_, addrErr := netip.ParseAddr(name)
	_, prefixErr := netip.ParsePrefix(name)
	if !user && (addrErr == nil || prefixErr == nil) {
		return "address"
	}
	return "user"
}
