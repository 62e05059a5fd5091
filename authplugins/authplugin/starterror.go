package authplugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxInterpreterLine is the number of bytes of a script's first line that the kernel reads.
const maxInterpreterLine = 256

// handshakeExample shows the form of the line that a program prints.
const handshakeExample = "1|1|unix|<path of its socket>|grpc|"

// startError returns an error that tells the operator why the program has not started. listens
// reports whether it had a socket. The program has been stopped.
func (i *instance) startError(ctx context.Context, timeout time.Duration, listens bool, err error) error {
	if i.process == nil || !i.process.isStarted() {
		if i.process != nil {
			err = execError(i.process.cmd.Path, err)
		}
		return fmt.Errorf("it cannot be run: %w", err)
	}
	line := i.process.handshake()
	parts := strings.Split(line, "|")
	said := ""
	if last := i.output.lastLine(); last != "" {
		said = fmt.Sprintf("; it said last: %q", last)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("its start was given up: %w", ctx.Err())
	}
	if line != "" && len(parts) < 5 {
		return fmt.Errorf("it is no authenticator, or prints before it serves: %q came on its standard output instead of the handshake", printable(line, 80))
	}
	if line != "" {
		if wrong := checkVersions(parts); wrong != nil {
			return wrong
		}
	}
	late := ctx.Err() != nil
	switch {
	case late && line != "" && !i.process.lineEnded():
		return fmt.Errorf("it was not ready within %s: its handshake has no end of line%s", timeout, said)
	case late && line != "" && i.remote != nil:
		return fmt.Errorf("it was not ready within %s: it has printed its handshake, but not answered Describe%s", timeout, said)
	case late && line == "" && listens:
		return fmt.Errorf("it was not ready within %s: it listens on a socket, but its handshake has not arrived: print %s on standard output, and flush it%s", timeout, handshakeExample, said)
	case late && line == "":
		return fmt.Errorf("it was not ready within %s: it has printed no handshake on standard output. If it needs longer, set start_timeout in the auth block%s", timeout, said)
	case late:
		return fmt.Errorf("it was not ready within %s%s", timeout, said)
	case line == "":
		return fmt.Errorf("it ended before it was ready (%s)%s", i.process.how(), said)
	}
	return fmt.Errorf("it did not come up: %w%s", err, said)
}

// checkVersions returns an error if the parts of a program's handshake name versions that this
// gateway does not speak.
func checkVersions(parts []string) error {
	number := func(text string) (n int, ok bool) {
		_, err := fmt.Sscanf(text, "%d", &n)
		return n, err == nil && fmt.Sprint(n) == text
	}
	handshake, ok1 := number(parts[0])
	protocol, ok2 := number(parts[1])
	const mine = protocolVersion
	switch {
	case !ok1 || !ok2:
		return fmt.Errorf("its handshake %q begins with no versions: it must be %s", printable(strings.Join(parts, "|"), 80), handshakeExample)
	case handshake != 1:
		return fmt.Errorf("its handshake is of version %d of go-plugin, and this gateway's of version 1: the first number of the line must be 1", handshake)
	case protocol > mine:
		return fmt.Errorf("it speaks version %d of the protocol and this gateway version %d: update filegate, or install the program of this release", protocol, mine)
	case protocol < mine:
		return fmt.Errorf("it speaks version %d of the protocol and this gateway version %d: update the program", protocol, mine)
	case parts[4] != "grpc":
		return fmt.Errorf("it speaks %q instead of grpc: its handshake must be %s", printable(parts[4], 20), handshakeExample)
	}
	return nil
}

// execError explains the error of running the existing file at path.
func execError(path string, err error) error {
	interpreter, script := interpreterOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(interpreter, "\r"):
		return fmt.Errorf("its first line ends with a carriage return, as on Windows: remove it, for example with sed -i 's/\\r$//' (%w)", err)
	case errors.Is(err, fs.ErrNotExist) && script:
		return fmt.Errorf("its interpreter %q does not exist: install it, or correct the first line of the program (%w)", printable(interpreter, 80), err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the loader for its shared libraries does not exist: build it for this system, or without shared libraries (CGO_ENABLED=0 for Go) (%w)", err)
	case errors.Is(err, fs.ErrPermission) && script:
		return fmt.Errorf("its interpreter %q may not be executed by this user, or its file system is mounted with noexec (%w)", printable(interpreter, 80), err)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("it is no program for this machine, and a script must begin with #! and its interpreter (%w)", err)
	}
	return err
}

// interpreterOf returns the interpreter in the first line of a script, and whether the file is a
// script.
func interpreterOf(path string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer func() { _ = f.Close() }()
	line, _ := bufio.NewReader(io.LimitReader(f, maxInterpreterLine)).ReadString('\n')
	line, script := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "#!")
	interpreter, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
	return interpreter, script
}
