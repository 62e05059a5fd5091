// Filegate serves SFTP, SCP and FTP in front of OpenStack Swift. README.md says how to begin,
// filegate help what there is.
//
// The exit code is 0 after success, 1 after a failure at run time, 2 for a command line that makes
// no sense, and 3 for mistakes in the configuration.
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
)

// env is what a command gets of the world.
type env struct {
	stop, now context.Context // end with the first signal to stop, and with the second
	stdin     *os.File
	stdout    io.Writer
	stderr    io.Writer
	terminal  terminal // what stderr is
}

// command is one of the things that filegate does.
type command struct {
	name    string
	summary string
	run     func(e env, args []string) int
}

func commands() []command {
	return []command{
		{"serve", "serve clients as a configuration file says", cmdServe},
		{"check", "find everything in a configuration file that serve would refuse", cmdCheck},
		{"status", "show how a running gateway is", cmdStatus},
		{"sessions", "list the clients that are logged in", cmdSessions},
		{"transfers", "list the files that clients have open", cmdTransfers},
		{"kick", "end the sessions of a user, or one session", cmdKick},
		{"bans", "list, set and lift bans", cmdBans},
		{"reload", "make a running gateway read its configuration again", cmdReload},
		{"upgrade", "have the program that is installed now take the place of a running gateway", cmdUpgrade},
		{"demo", "serve a store of its own on this machine, to try things out", cmdDemo},
		{"plugin", "look at authenticators, and test them", cmdPlugin},
		{"hostkeys", "make the private keys of the SSH server", cmdHostKeys},
		{"login", "go through one login step by step, as a client would", cmdLogin},
		{"users", "change or check the file of the authenticator users", cmdUsers},
		{"version", "print the version", cmdVersion},
		{"help", "print this", cmdHelp},
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
	go func() { // for the life of the process
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

// newFlags returns the flags of a command, whose usage begins with the synopsis.
func newFlags(e env, name, synopsis string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(e.stderr)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Usage: filegate %s %s\n", name, synopsis)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads the arguments of a command that takes flags only. With ok false the command ends with
// the code.
func parse(e env, fs *flag.FlagSet, args []string) (code int, ok bool) {
	return parseArgs(e, fs, args, 0)
}

// parseArgs is parse for a command that takes as many arguments after its flags.
func parseArgs(e env, fs *flag.FlagSet, args []string, wanted int) (code int, ok bool) {
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK, false
	case err != nil:
		return exitUsage, false // fs has said why
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

// parseMixed is parseArgs for a command whose flags may stand behind its arguments too. It returns
// these.
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

// fail tells the user of an error, and returns the exit code for it.
func (e env) fail(err error) int {
	if diags, ok := errors.AsType[config.Diagnostics](err); ok {
		_ = diags.Write(e.stderr, e.terminal.width, e.terminal.color) // there is nowhere else to tell it
		return exitConfig
	}
	if e.stop.Err() != nil && errors.Is(err, context.Canceled) {
		return exitOK // told to stop before it was up
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
		fmt.Fprintf(w, "  %-9s  %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nfilegate COMMAND -h tells a command's flags. The configuration is explained in gateway.hcl.example.\n")
}
