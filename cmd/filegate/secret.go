package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"filegate/core/auth"
)

// maxSecret is the maximum length of a secret, in bytes.
const maxSecret = 4 << 10

// askSecret reads a secret without showing it. At a terminal the user types it twice, to find
// typing errors. Otherwise askSecret reads one line of standard input.
func (e env) askSecret(what string) (auth.Secret, error) {
	restore, err := hideTyping(e.stdin)
	if err != nil { // no terminal
		return e.readSecret(what)
	}
	defer restore()
	first, err := e.promptSecret(what)
	if err != nil {
		return "", err
	}
	second, err := e.promptSecret("the same again")
	if err == nil && first != second {
		err = errors.New("the two are not the same: nothing is changed")
	}
	return first, err
}

func (e env) promptSecret(what string) (auth.Secret, error) {
	fmt.Fprintf(e.stderr, "%s: ", what)
	defer fmt.Fprintln(e.stderr)
	return e.readSecret(what)
}

// askAnswer reads the answer to a prompt, as a user of a client types it. It may be empty. The
// terminal shows it only with echo.
func (e env) askAnswer(prompt string, echo bool) (auth.Secret, error) {
	restore, err := hideTyping(e.stdin)
	if err == nil { // a terminal
		defer restore()
		if echo {
			restore()
		}
		fmt.Fprint(e.stderr, prompt)
		defer fmt.Fprintln(e.stderr)
	}
	return e.readAnswer(strings.TrimRight(prompt, ": "))
}

// readSecret reads a line that must not be empty. It fails if the user stops the command.
func (e env) readSecret(what string) (auth.Secret, error) {
	answer, err := e.readAnswer(what)
	if err == nil && answer == "" {
		err = fmt.Errorf("%s: it is empty: nothing is changed", what)
	}
	return answer, err
}

func (e env) readAnswer(what string) (auth.Secret, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() { // reading a terminal cannot be interrupted: after a stop, this ends with the process
		text, err := readLine(e.stdin)
		read <- line{text, err}
	}()
	select {
	case <-e.stop.Done():
		return "", errors.New("stopped: nothing is changed")
	case l := <-read:
		if l.err != nil {
			return "", fmt.Errorf("%s: %w", what, l.err)
		}
		return auth.Secret(l.text), nil
	}
}

// readLine reads one line and not a byte more, so that the next call gets the next line.
func readLine(r io.Reader) (string, error) {
	var text strings.Builder
	for b := make([]byte, 1); text.Len() <= maxSecret; {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n', err == io.EOF:
			return strings.TrimSuffix(text.String(), "\r"), nil
		case n == 1:
			text.WriteByte(b[0])
		case err != nil:
			return "", err
		}
	}
	return "", fmt.Errorf("it is longer than %d bytes", maxSecret)
}

// hideTyping makes a terminal not show typed characters, until restore is called. It returns an
// error if f is not a terminal.
func hideTyping(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, setTermios, &hidden); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil // the same call has just succeeded
}
