// Filegate serves SFTP, SCP and FTP in front of OpenStack Swift. README.md has the first steps, and
// filegate help lists the commands.
//
// The exit code is 0 on success, 1 for a failure at run time, 2 for a wrong command line, 3 for mistakes
// in the configuration, and 4 if filegate fsck has found errors in the storage.
//
// Each command has its own file, cmd_NAME.go or plugin_NAME.go. Code that does not need the command
// line is in packages below this one, such as confine and convert.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"filegate/core/config"
)

// The exit codes.
const (
	exitOK = iota
	exitFailure
	exitUsage
	exitConfig
	exitFound
)

// env is the environment of a command.
type env struct {
	stop, now context.Context // end at the first and at the second signal to stop
	stdin     *os.File
	stdout    io.Writer
	stderr    io.Writer
	terminal  terminal // of stderr

	// describe, if set, is called with the flags of the command instead of printing its usage. See
	// completions.
	describe func(fs *flag.FlagSet)
}

// command is one command of filegate.
type command struct {
	name    string
	summary string
	run     func(e env, args []string) int
	words   []string  // possible arguments of the command itself, for completions
	group   []command // its subcommands, if it has any
}

func commands() []command {
	return []command{
		{name: "serve", summary: "run the gateway", run: cmdServe},
		{name: "check", summary: "report all mistakes in a configuration file", run: cmdCheck},
		{name: "fsck", summary: "find and repair errors in the storage", run: cmdFsck},
		{name: "convert", summary: "convert the configuration of sftp-cloudfs and ftp-cloudfs", run: cmdConvert},
		{name: "status", summary: "show the state of a running gateway", run: cmdStatus},
		{name: "sessions", summary: "list the logged-in clients", run: cmdSessions},
		{name: "transfers", summary: "list the files that clients have open", run: cmdTransfers},
		{name: "kick", summary: "end the sessions of a user, or one session", run: cmdKick},
		{name: "bans", summary: "list, add and lift bans", run: cmdBans, words: []string{"list", "add", "lift"}},
		{name: "reload", summary: "make a running gateway reload its configuration", run: cmdReload},
		{name: "upgrade", summary: "replace a running gateway by the installed program", run: cmdUpgrade},
		{name: "demo", summary: "run a demo gateway with an embedded Swift", run: cmdDemo},
		{name: "plugin", summary: "create, describe and test authenticators", run: cmdPlugin, group: pluginCommands()},
		{name: "hostkeys", summary: "create the private keys of the SSH server", run: cmdHostKeys},
		{name: "login", summary: "test one login step by step", run: cmdLogin},
		{name: "users", summary: "change or check the file of the authenticator users", run: cmdUsers, group: usersCommands()},
		{name: "completion", summary: "print completions for a shell", run: cmdCompletion, words: shells()},
		{name: "version", summary: "print the version, the commit and the build flags", run: cmdVersion},
		{name: "help", summary: "print this help", run: cmdHelp},
	}
}

func main() { os.Exit(run()) }

func run() int {
	stop, stopNow := context.WithCancel(context.Background())
	defer stopNow()
	now, cut := context.WithCancel(context.Background())
	defer cut()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // runs until the process ends
		<-signals
		stopNow()
		<-signals
		cut()
	}()
	e := env{stop: stop, now: now, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, terminal: terminalOf(os.Stderr)}
	if len(os.Args) < 2 {
		usage(e.stderr)
		return exitUsage
	}
	name := os.Args[1]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name == name {
			return c.run(e, os.Args[2:])
		}
	}
	fmt.Fprintf(e.stderr, "filegate: there is no command %q\n\n", name)
	usage(e.stderr)
	return exitUsage
}

// newFlags returns the flag set of a command. Its usage text begins with the synopsis.
func newFlags(e env, name, synopsis string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(e.stderr)
	fs.Usage = func() {
		if e.describe != nil {
			e.describe(fs)
			return
		}
		fmt.Fprintf(fs.Output(), "Usage: filegate %s %s\n", name, synopsis)
		fs.PrintDefaults()
	}
	return fs
}

// parse parses the arguments of a command that takes only flags. If ok is false, the command ends
// with the exit code.
func parse(e env, fs *flag.FlagSet, args []string) (code int, ok bool) {
	return parseArgs(e, fs, args, 0)
}

// parseArgs is parse for a command that takes the wanted number of arguments after its flags.
func parseArgs(e env, fs *flag.FlagSet, args []string, wanted int) (code int, ok bool) {
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, false
	case err != nil:
		return exitUsage, false // fs has printed the error
	case fs.NArg() < wanted:
		fmt.Fprintf(e.stderr, "filegate %s: %d arguments are missing\n", fs.Name(), wanted-fs.NArg())
		fs.Usage()
		return exitUsage, false
	case fs.NArg() > wanted:
		fmt.Fprintf(e.stderr, "filegate %s: unexpected argument %q\n", fs.Name(), fs.Arg(wanted))
		fs.Usage()
		return exitUsage, false
	}
	return exitOK, true
}

// parseMixed is parseArgs for a command that allows flags before and after its arguments. It
// returns the arguments.
func parseMixed(e env, fs *flag.FlagSet, args []string, wanted int) (words []string, code int, ok bool) {
	for {
		if err := fs.Parse(args); err != nil {
			code, ok = parseArgs(e, fs, args, wanted)
			return nil, code, ok
		}
		if fs.NArg() == 0 {
			code, ok = parseArgs(e, fs, words, wanted)
			return words, code, ok
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
}

// fail prints an error to the user and returns its exit code.
func (e env) fail(err error) int {
	if diags, ok := errors.AsType[config.Diagnostics](err); ok {
		_ = diags.Write(e.stderr, e.terminal.width, e.terminal.color) // errors of standard error cannot be reported
		return exitConfig
	}
	if e.stop.Err() != nil && errors.Is(err, context.Canceled) {
		return exitOK // the user stopped filegate before it served
	}
	fmt.Fprintf(e.stderr, "filegate: %v\n", err)
	return exitFailure
}

func cmdHelp(e env, _ []string) int {
	usage(e.stdout)
	return exitOK
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Filegate serves SFTP, SCP and FTP in front of OpenStack Swift.\n\nUsage: filegate COMMAND [flags]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s  %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nRun filegate COMMAND -h for the flags of a command. gateway.hcl.example explains the configuration.\n")
}
