package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"filegate/core/config"
)

// confinement is what serve gives up before it starts any other program and reads any key, so that
// what is opened later, by a reload or by an authenticator that is started again, needs no more
// than what is opened now.
type confinement struct {
	user      string // that filegate has become; empty: it has stayed what it was
	limited   bool   // it has no more rights than it needs to open its sockets
	sandboxed bool   // it changes files in some places only
	sandbox   string // these places, a line each; it holds for processes in its place too
	dropped   bool   // it was root, and has none of root's rights left
	warnings  []string
}

// loadConfined reads a configuration file, and gives up what serving it does not need. A
// confinement comes back with an error too where that is behind it. within is the sandbox that this
// process has been started in; empty: none.
func loadConfined(file, within string) (*config.Config, *confinement, error) {
	cfg, err := loadConfig(file)
	if err != nil {
		return nil, nil, err
	}
	confined, err := confine(cfg, within)
	if err != nil {
		return nil, nil, err
	}
	if !confined.dropped {
		return cfg, confined, nil
	}
	cfg, err = loadConfig(file) // a reload will do the same with no more rights
	return cfg, confined, err
}

// fail is that of env, with what an operator may not think of who has started filegate as root.
func (c *confinement) fail(e env, err error) int {
	code := e.fail(err)
	if hint := c.hint(err); hint != "" {
		fmt.Fprintln(e.stderr, "filegate: "+hint)
	}
	return code
}

// confine takes from this process, and from the programs that it starts, what serving clients does
// not need. After it only low ports may still be opened, until keepNothing.
func confine(cfg *config.Config, within string) (*confinement, error) {
	c := &confinement{sandbox: within, sandboxed: within != ""}
	root := os.Geteuid() == 0
	if len(cfg.Directories()) == 0 {
		syscall.Umask(syscall.Umask(0) | 0o027) // what is written is no business of others
	}
	kept := keptCapabilities(cfg)
	var limited error
	if cfg.Privileges == "drop" {
		limited = limitPrograms(kept) // while this is root
	}
	if cfg.User != "" || cfg.Group != "" {
		become, err := lookUp(cfg.User, cfg.Group)
		if err != nil {
			return nil, err
		}
		if err := become.enter(cfg.Privileges == "drop"); err != nil {
			return nil, err
		}
		c.user, c.dropped = become.name, root && become.uid != 0
	}
	if cfg.Privileges == "drop" {
		if limited == nil {
			limited = limitPrivileges(kept)
		}
		if limited != nil {
			c.warnings = append(c.warnings, "privileges could not be given up: "+limited.Error())
		} else {
			c.limited, c.dropped = true, c.dropped || root
		}
	}
	if cfg.Sandbox == "on" || cfg.Sandbox == "auto" && !runsOthersPrograms(cfg) {
		c.sandbox = strings.Join(writable(cfg), "\n")
		if c.sandbox == within { // the kernel nests only so many
			return c, nil
		}
		if err := enterSandbox(writable(cfg)); err != nil {
			c.sandbox = within
			if cfg.Sandbox == "on" {
				return nil, fmt.Errorf(`sandbox = "on" and there is none: %w`, err)
			}
			c.warnings = append(c.warnings, "there is no sandbox: "+err.Error())
		} else {
			c.sandboxed = true
		}
	}
	return c, nil
}

// keepNothing takes away the right to open low ports, once the sockets are open.
func (c *confinement) keepNothing(cfg *config.Config) error {
	if !c.limited {
		return nil
	}
	return setCapabilities(keptCapabilities(cfg))
}

// hint says why a right may not be there of which an error speaks, to an operator who has started
// filegate as root; empty: that is no news.
func (c *confinement) hint(err error) string {
	switch {
	case c == nil || !strings.Contains(strings.ToLower(err.Error()), "permission denied"):
		return ""
	case c.user != "":
		return fmt.Sprintf("filegate runs as %s, as the configuration says: it must be able to read the configuration, keys and certificates, and to write the log. A port below 1024 is opened at the start only.", c.user)
	case c.dropped:
		return `filegate has given up root's rights to files of others (privileges = "drop"): let root own them, or set user to their owner. A port below 1024 is opened at the start only.`
	case c.sandboxed:
		return `filegate runs in a sandbox: name in writable where files are to be changed, and start it again.`
	}
	return ""
}

// identity is a user to become.
type identity struct {
	name     string
	uid, gid int
	groups   []int
}

// lookUp finds a user, by name or number, and a group; that of the user if none is named.
func lookUp(name, group string) (*identity, error) {
	id := &identity{name: name, uid: os.Geteuid(), gid: os.Getegid()}
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			if u, err = user.LookupId(name); err != nil {
				return nil, fmt.Errorf("user %q: there is none of that name: make one with useradd --system %[1]s", name)
			}
		}
		id.name = u.Username
		id.uid, _ = strconv.Atoi(u.Uid)
		id.gid, _ = strconv.Atoi(u.Gid)
		groups, err := u.GroupIds()
		if err != nil {
			return nil, fmt.Errorf("groups of the user %s: %w", name, err)
		}
		for _, g := range groups {
			if n, err := strconv.Atoi(g); err == nil {
				id.groups = append(id.groups, n)
			}
		}
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			if g, err = user.LookupGroupId(group); err != nil {
				return nil, fmt.Errorf("group %q: there is none of that name: make one with groupadd --system %[1]s", group)
			}
		}
		id.gid, _ = strconv.Atoi(g.Gid)
		if name == "" {
			id.name = "the group " + g.Name
		}
	}
	if !slices.Contains(id.groups, id.gid) {
		id.groups = append(id.groups, id.gid)
	}
	return id, nil
}

// enter makes this process one of the user's.
func (id *identity) enter(keepPorts bool) error {
	if os.Geteuid() == id.uid && os.Getegid() == id.gid && os.Geteuid() != 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("filegate cannot become %s: only root can start it as another user. Start it as root, or leave out user and group", id.name)
	}
	if keepPorts {
		keepCapabilities()
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"groups", func() error { return syscall.Setgroups(id.groups) }},
		{"group", func() error { return syscall.Setgid(id.gid) }},
		{"user", func() error { return syscall.Setuid(id.uid) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("filegate cannot become %s: %s: %w", id.name, step.what, err)
		}
	}
	return nil
}

// ownPrograms are the authenticators that write no files and start no programs.
var ownPrograms = []string{"swiftv1", "keystone", "users"}

// runsOthersPrograms reports whether programs of the operator's run under filegate, of which nobody
// knows here what they need.
func runsOthersPrograms(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Auths, func(a *config.Auth) bool { return !slices.Contains(ownPrograms, a.Kind) })
}

// writable are the files and directories that filegate writes to.
func writable(cfg *config.Config) []string {
	all := append([]string{os.TempDir(), "/dev/null"}, cfg.Writable...)
	for _, out := range []string{cfg.Log.Output, cfg.Audit.Output} {
		if o, err := config.ParseOutput(out); out != "" && err == nil && o.Kind == config.ToFile {
			all = append(all, parentOf(o.Name))
		}
	}
	if cfg.PIDFile != "" {
		all = append(all, parentOf(cfg.PIDFile))
	}
	if cfg.Admin.Socket != "" {
		all = append(all, parentOf(cfg.Admin.Socket))
	}
	return append(all, cfg.Directories()...)
}

// parentOf returns the directory of a file, which a file that is made, or rotated, needs.
func parentOf(file string) string {
	if i := strings.LastIndexByte(file, '/'); i > 0 {
		return file[:i]
	} else if i == 0 {
		return "/"
	}
	return "."
}
