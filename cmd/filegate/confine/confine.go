// Package confine removes rights that serving clients does not need from a gateway's process and
// from the programs that it starts: root's user and capabilities, changes of files, system calls,
// and core dumps, which contain passwords.
//
// [Enter] does this before any key is read and any program is started. So files, sockets and
// programs that are opened later, by a reload or by the restart of an authenticator, need no more
// rights than those opened at the start. With the alternative, to give up rights when everything is
// running, a configuration could work at the start and fail at the next reload.
//
// The options user, group, privileges, sandbox and writable decide which rights are removed.
// Reading files is not restricted, because authenticators, libraries and certificates may be
// anywhere.
package confine

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"filegate/core/config"
)

// Confinement is the result of Enter.
type Confinement struct {
	// Sandbox lists the directories and files that may change, one per line. It also applies to a
	// process that replaces this one. Empty: there is no sandbox.
	Sandbox string
	// Warnings are about protection that the configuration asks for and this system lacks.
	Warnings []string

	user    string // the new user; empty: unchanged
	limited bool   // capabilities that are not needed are gone
	dropped bool   // the process was root, and has given up all of root's rights
}

// Enter gives up the rights that serving a configuration does not need, except the right to open
// ports below 1024, which Finish gives up. within is the Sandbox that the process was started in,
// or empty.
func Enter(cfg *config.Config, within string) (*Confinement, error) {
	c := &Confinement{Sandbox: within}
	root := os.Geteuid() == 0
	if len(cfg.Directories()) == 0 {
		syscall.Umask(syscall.Umask(0) | 0o027) // other users get no access to logs and sockets
	}
	kept := keptCapabilities(cfg)
	var limited error
	if cfg.Privileges == "drop" {
		limited = limitPrograms(kept) // has an effect for root only
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
			c.Warnings = append(c.Warnings, "the process keeps its privileges: "+limited.Error())
		} else {
			c.limited, c.dropped = true, c.dropped || root
		}
	}
	return c, c.enterSandbox(cfg, within)
}

func (c *Confinement) enterSandbox(cfg *config.Config, within string) error {
	if cfg.Sandbox != "on" && (cfg.Sandbox != "auto" || runsForeignPrograms(cfg)) {
		return nil
	}
	places := writable(cfg)
	if strings.Join(places, "\n") == within {
		return nil // the kernel allows only a few nested sandboxes
	}
	err := enterSandbox(places)
	switch {
	case err == nil:
		c.Sandbox = strings.Join(places, "\n")
	case cfg.Sandbox == "on":
		return fmt.Errorf(`sandbox = "on" is not possible: %w`, err)
	default:
		c.Warnings = append(c.Warnings, "there is no sandbox: "+err.Error())
	}
	return nil
}

// Dropped reports whether the process was root and has given up all of root's rights.
func (c *Confinement) Dropped() bool { return c.dropped }

// Finish gives up the right to open ports below 1024. It is called when the sockets are open.
func (c *Confinement) Finish(cfg *config.Config) error {
	if !c.limited {
		return nil
	}
	return setCapabilities(keptCapabilities(cfg))
}

// Hint explains a permission error that Enter has caused, or returns "". Operators who started
// filegate as root may not expect such an error.
func (c *Confinement) Hint(err error) string {
	switch {
	case c == nil || !strings.Contains(strings.ToLower(err.Error()), "permission denied"):
		return ""
	case c.user != "":
		return fmt.Sprintf("filegate runs as %s, as configured. This user must be able to read the configuration, keys and certificates, and to write the log. Ports below 1024 can be opened only at the start.", c.user)
	case c.dropped:
		return `filegate has given up root's rights to the files of others (privileges = "drop"): let root own the files, or set user to their owner. Ports below 1024 can be opened only at the start.`
	case c.Sandbox != "":
		return "filegate runs in a sandbox: add the directory to writable, and restart filegate."
	}
	return ""
}

// ownPrograms are filegate's authenticators that write no files and start no programs.
var ownPrograms = []string{"swiftv1", "keystone", "users", "ldap"}

// runsForeignPrograms reports whether filegate starts programs of the operator. Their needs are
// unknown here.
func runsForeignPrograms(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Auths, func(a *config.Auth) bool { return !slices.Contains(ownPrograms, a.Kind) }) ||
		slices.ContainsFunc(cfg.EventHooks, func(h *config.EventHook) bool { return len(h.Command) > 0 })
}

// writable returns the files and directories that filegate writes to.
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

// parentOf returns the directory of a file. Creating or rotating the file changes the directory.
func parentOf(file string) string {
	if i := strings.LastIndexByte(file, '/'); i > 0 {
		return file[:i]
	} else if i == 0 {
		return "/"
	}
	return "."
}
