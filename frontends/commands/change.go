package commands

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

func versions(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil || len(c.Args) != 1 {
		return orUsage(err)
	}
	return c.one(c.Args[0], func(p vfs.Path) error {
		all, err := c.Session.Versions(ctx, p)
		if err != nil {
			return err
		}
		for _, info := range all {
			if err := c.printFile(p, info.Name, info); err != nil {
				return err
			}
		}
		return nil
	})
}

func orUsage(err error) error {
	if err == nil {
		err = errUsage
	}
	return err
}

func restore(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil || len(c.Args) != 1 {
		return orUsage(err)
	}
	i := strings.LastIndexByte(c.Args[0], '@')
	if i <= 0 || i+1 == len(c.Args[0]) {
		return &UsageError{"give FILE@VERSION, as the command versions prints it"}
	}
	name, version := c.Args[0][:i], c.Args[0][i+1:]
	return c.one(name, func(p vfs.Path) error {
		if err := c.Session.Restore(ctx, p, version); err != nil {
			return err
		}
		return c.done(p)
	})
}

// done prints the path on which a command was carried out, in the JSON output only. For people, no
// message means success.
func (c *Call) done(p vfs.Path) error {
	if !c.json {
		return nil
	}
	return c.print("", struct {
		Path string `json:"path"`
	}{c.show(p)})
}

// maxTempURL is the longest lifetime of a temporary URL. A URL can be revoked only by changing the
// key.
const maxTempURL = 366 * 24 * time.Hour

func tempURL(ctx context.Context, c *Call) error {
	life, err := c.option("-t", "1d")
	if err != nil {
		return err
	}
	method, err := c.option("-m", http.MethodGet)
	if err != nil {
		return err
	}
	if err := c.plain(); err != nil || len(c.Args) != 1 {
		return orUsage(err)
	}
	d, ok := parseDuration(life)
	switch method = strings.ToUpper(method); {
	case !ok || d > maxTempURL:
		return &UsageError{"-t takes a duration such as 45m, 12h, 7d or 4w, of at most a year"}
	case method != http.MethodGet && method != http.MethodPut:
		return &UsageError{"-m takes GET or PUT"}
	}
	return c.one(c.Args[0], func(p vfs.Path) error {
		until := time.Now().Add(d).Truncate(time.Second)
		u, err := c.Session.TempURL(ctx, p, method, until)
		if err != nil {
			return err
		}
		return c.print(u, struct {
			Path    string    `json:"path"`
			Method  string    `json:"method"`
			URL     string    `json:"url"`
			Expires time.Time `json:"expires"`
		}{c.show(p), method, u, until.UTC()})
	})
}

// parseDuration parses a number with a unit: s, m, h, d or w.
func parseDuration(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 20)
	if !ok || err != nil || n == 0 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// parseTime parses a time: a duration from now on, or a date. A date without a time zone is in UTC.
func parseTime(s string, now time.Time) (time.Time, bool) {
	if d, ok := parseDuration(s); ok {
		return now.Add(d), true
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func expire(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil || len(c.Args) < 1 || len(c.Args) > 2 {
		return orUsage(err)
	}
	if len(c.Args) == 2 {
		at, never := time.Time{}, c.Args[1] == "never"
		if !never {
			var ok bool
			if at, ok = parseTime(c.Args[1], time.Now()); !ok {
				return &UsageError{"give a time such as 30d, 2027-01-31, 2027-01-31T18:00:00Z, or never"}
			}
			if !at.After(time.Now()) {
				return &UsageError{"this time is in the past: to delete the file now, remove it"}
			}
		}
		return c.one(c.Args[0], func(p vfs.Path) error {
			if err := c.Session.ChangeDetails(ctx, p, vfs.DetailChange{Expires: &at}); err != nil {
				return err
			}
			return c.done(p)
		})
	}
	return c.one(c.Args[0], func(p vfs.Path) error {
		d, err := c.Session.Details(ctx, p)
		if err != nil {
			return err
		}
		text, at := "never", (*time.Time)(nil)
		if !d.Expires.IsZero() {
			at = new(d.Expires.UTC())
			text = at.Format(time.RFC3339)
		}
		return c.print(text, struct {
			Path    string     `json:"path"`
			Expires *time.Time `json:"expires"` // null: never
		}{c.show(p), at})
	})
}

func meta(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil || len(c.Args) == 0 {
		return orUsage(err)
	}
	change := map[string]string{}
	for _, set := range c.Args[1:] {
		key, value, ok := strings.Cut(set, "=")
		if !ok {
			return errUsage
		}
		change[strings.ToLower(key)] = value
	}
	return c.one(c.Args[0], func(p vfs.Path) error {
		if len(change) > 0 {
			if err := c.Session.ChangeDetails(ctx, p, vfs.DetailChange{Meta: change}); err != nil {
				return err
			}
			return c.done(p)
		}
		d, err := c.Session.Details(ctx, p)
		if err != nil {
			return err
		}
		if c.json {
			return c.print("", struct {
				Path string            `json:"path"`
				Type string            `json:"type,omitempty"`
				Meta map[string]string `json:"meta"`
			}{c.show(p), d.Type, d.Meta})
		}
		for _, key := range slices.Sorted(maps.Keys(d.Meta)) {
			if _, err := fmt.Fprintf(c.Out, "%s=%s\n", vfs.EscapeControl(key), vfs.EscapeControl(d.Meta[key])); err != nil {
				return err
			}
		}
		return nil
	})
}

func acl(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil || len(c.Args) == 0 {
		return orUsage(err)
	}
	if len(c.Args) > 1 {
		var list vfs.ACL
		users := slices.Clone(c.Args[2:])
		switch {
		case len(users) == 0:
			return &UsageError{"give the users who get access, or none"}
		case len(users) == 1 && users[0] == "none":
			users = []string{}
		}
		switch c.Args[1] {
		case "read":
			list.Read = users
		case "write":
			list.Write = users
		default:
			return errUsage
		}
		return c.one(c.Args[0], func(p vfs.Path) error {
			if err := c.Session.SetACL(ctx, p, list); err != nil {
				return err
			}
			return c.done(p)
		})
	}
	return c.one(c.Args[0], func(p vfs.Path) error {
		list, err := c.Session.ACL(ctx, p)
		if err != nil {
			return err
		}
		if c.json {
			return c.print("", struct {
				Path  string   `json:"path"`
				Read  []string `json:"read"`
				Write []string `json:"write"`
			}{c.show(p), list.Read, list.Write})
		}
		for _, l := range []struct {
			what string
			who  []string
		}{{"read", list.Read}, {"write", list.Write}} {
			who := "nobody else"
			if len(l.who) > 0 {
				who = strings.Join(l.who, " ")
			}
			if _, err := fmt.Fprintf(c.Out, "%s: %s\n", l.what, vfs.EscapeControl(who)); err != nil {
				return err
			}
		}
		return nil
	})
}
