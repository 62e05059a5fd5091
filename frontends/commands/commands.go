// Package commands implements the storage commands that file transfer protocols lack: temporary
// URLs, versions, metadata, quotas and others. In SSH they are commands ("ssh HOST tempurl FILE"),
// in FTP arguments of SITE. Each is a call of a session, which checks the permissions. The package
// accesses no storage by itself.
//
// A command prints text for people, or with --json one JSON object on each line.
package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filegate/core/session"
	"filegate/core/vfs"
)

// Call is one run of a command.
type Call struct {
	Session *session.Session
	Args    []string // without the command's name
	Out     io.Writer
	// Resolve returns the path of a name that the client has given, and Show returns the name of a
	// path. If they are nil, names are any bytes, relative to the root.
	Resolve func(name string) (vfs.Path, error)
	Show    func(vfs.Path) string

	json bool
}

// Command is a storage command.
type Command struct {
	Name, Usage, About string
	run                func(ctx context.Context, c *Call) error
}

// All returns the commands, in the order in which help shows them.
func All() []Command {
	return []Command{
		{"whoami", "whoami", "your name here", whoami},
		{"quota", "quota [PATH]", "show total, used and free space", quota},
		{"du", "du [PATH...]", "show the number of bytes and files in a directory", du},
		{"uploads", "uploads [PATH]; uploads drop PATH", "list interrupted uploads, or delete one", uploads},
		{"versions", "versions PATH", "old versions of a file", versions},
		{"restore", "restore PATH@VERSION", "restore an old version of a file", restore},
		{"tempurl", "tempurl PATH [-t 7d] [-m GET|PUT]", "print a temporary URL for a download or upload", tempURL},
		{"expire", "expire PATH [TIME|never]", "show or set when a file expires, such as 30d or 2027-01-31", expire},
		{"meta", "meta PATH [KEY=VALUE...]", "show, set or remove (KEY=) metadata", meta},
		{"acl", "acl CONTAINER [read|write USER...|none]", "show or set who else has access", acl},
	}
}

// Find returns the command with a name.
func Find(name string) (Command, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Command{}, false
}

// UsageError is the error for a command line that cannot be understood.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// PathError is the error of a command for one name.
type PathError struct {
	Name string
	Err  error
}

func (e *PathError) Error() string { return e.Name + ": " + vfs.ClientText(e.Err) }
func (e *PathError) Unwrap() error { return e.Err }

// Run runs a command. Its error is a *UsageError, one or several *PathError joined, or another
// error whose text for the client is [vfs.ClientText].
func (cmd Command) Run(ctx context.Context, call Call) error {
	call.Args = append([]string{}, call.Args...)
	for i, arg := range call.Args {
		if arg == "--json" {
			call.json = true
			call.Args = append(call.Args[:i], call.Args[i+1:]...)
			break
		}
	}
	err := cmd.run(ctx, &call)
	if usage, ok := errors.AsType[*UsageError](err); ok && usage.Text == "" {
		return &UsageError{"usage: " + cmd.Usage}
	}
	return err
}

// errUsage is the error for a wrong number of arguments and the like.
var errUsage error = &UsageError{}

// print prints a result of a command: a line of text, or object as JSON.
func (c *Call) print(text string, object any) error {
	if !c.json {
		_, err := fmt.Fprintln(c.Out, text)
		return err
	}
	line, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s\n", line)
	return err
}

func (c *Call) resolve(name string) (vfs.Path, error) {
	if c.Resolve != nil {
		return c.Resolve(name)
	}
	return vfs.Resolve(vfs.Root, name)
}

// show returns the name of a path for the client, on one line.
func (c *Call) show(p vfs.Path) string {
	if c.Show != nil {
		return c.Show(p)
	}
	return vfs.EscapeControl(p.ToClient())
}

// one calls do for the path of a name, and adds the name to the error.
func (c *Call) one(name string, do func(p vfs.Path) error) error {
	p, err := c.resolve(name)
	if err == nil {
		err = do(p)
	}
	if err == nil {
		return nil
	}
	if _, usage := errors.AsType[*UsageError](err); usage {
		return err
	}
	return &PathError{name, err}
}

// each calls do for several names. An error for one name does not end the others.
func (c *Call) each(names []string, do func(name string, p vfs.Path) error) error {
	if len(names) == 0 {
		names = []string{"."}
	}
	var all []error
	for _, name := range names {
		all = append(all, c.one(name, func(p vfs.Path) error { return do(name, p) }))
	}
	return errors.Join(all...)
}

// option removes an option and its value from the arguments, at any position.
func (c *Call) option(name, value string) (string, error) {
	for i, arg := range c.Args {
		if arg != name {
			continue
		}
		if i+1 == len(c.Args) {
			return "", errUsage
		}
		value = c.Args[i+1]
		c.Args = append(c.Args[:i], c.Args[i+2:]...)
		break
	}
	return value, nil
}

// plain refuses options that a command does not have.
func (c *Call) plain() error {
	for _, arg := range c.Args {
		if len(arg) > 1 && strings.HasPrefix(arg, "-") {
			return &UsageError{"there is no option " + arg + ": write ./" + arg + " for a file of that name"}
		}
	}
	return nil
}
