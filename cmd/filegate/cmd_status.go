package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"filegate/core/admin"
)

func cmdStatus(e env, args []string) int {
	fs, a := askFlags(e, "status", "[-json]\n\nShow the state of a running gateway. The exit code is 1 if the gateway is not ready for clients.\n")
	ready := true
	code := asked(e, fs, a, args, func(c *admin.Client) (admin.Status, error) { return c.Status(e.stop) }, func(w *tabwriter.Writer, s admin.Status) {
		state := "ready"
		if ready = s.Ready; !ready {
			state = "not ready: " + s.NotReady
		}
		fmt.Fprintf(w, "filegate %s\tprocess %d, up for %s\n", s.Version, s.PID, since(s.Began))
		fmt.Fprintf(w, "state\t%s\n", state)
		fmt.Fprintf(w, "sessions\t%d, with %d transfers\n", s.Sessions, s.Transfers)
		fmt.Fprintf(w, "bans\t%d\n", s.Bans)
		fmt.Fprintf(w, "files\t%s in, %s out\n", size(s.In), size(s.Out))
		fmt.Fprintf(w, "memory\t%s\n", size(int64(s.Memory)))
		for _, f := range s.Frontends {
			fmt.Fprintf(w, "frontend %s %s\t%s\n", f.Kind, f.Name, strings.Join(f.Listen, ", "))
		}
		for _, au := range s.Authenticators {
			fmt.Fprintf(w, "auth %s %s\t%s\n", au.Kind, au.Name, orText(au.Trouble, "ok"))
		}
		for _, b := range s.Backends {
			memory := ""
			if b.Memory > 0 {
				memory = fmt.Sprintf("; %s of %s of buffers free, %d transfers wait", size(b.Free), size(b.Memory), b.Waiting)
			}
			fmt.Fprintf(w, "backend %s %s\t%d requests, %d failed%s\n", b.Kind, b.Name, b.Requests, b.Failed, memory)
		}
	})
	if code == exitOK && !ready {
		return exitFailure
	}
	return code
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func cmdSessions(e env, args []string) int {
	fs, a := askFlags(e, "sessions", "[-json]\n\nList the clients that are logged in, the oldest first.\n")
	return asked(e, fs, a, args, func(c *admin.Client) ([]admin.Session, error) { return c.Sessions(e.stop) }, func(w *tabwriter.Writer, all []admin.Session) {
		fmt.Fprintln(w, "SESSION\tUSER\tSERVICE\tREMOTE\tSINCE\tIN\tOUT\tFILES\tPROGRAM")
		for _, s := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.ID, shown(s.User), s.Service, s.Remote, since(s.Began), size(s.In), size(s.Out), s.Transfers, shown(s.Program))
		}
	})
}

func cmdTransfers(e env, args []string) int {
	fs, a := askFlags(e, "transfers", "[-json]\n\nList the files that clients have open, the oldest first.\n")
	return asked(e, fs, a, args, func(c *admin.Client) ([]admin.Transfer, error) { return c.Transfers(e.stop) }, func(w *tabwriter.Writer, all []admin.Transfer) {
		now := time.Now()
		fmt.Fprintln(w, "SESSION\tUSER\tKIND\tBYTES\tOF\tRATE\tLEFT\tPATH")
		for _, t := range all {
			of, rest := "-", "-"
			if t.Size > 0 {
				of = size(t.Size)
			}
			if left, ok := t.Left(now); ok {
				rest = left.String()
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s/s\t%s\t%s\n", t.Session, shown(t.User), t.Op, size(t.Bytes), of, size(int64(t.Rate(now))), rest, shown(t.Path))
		}
	})
}
