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

// maxSecret is the longest secret that is read.
const maxSecret = 4 << 10

// askSecret reads a secret that the user types, without showing it, and a second time to be sure of
// it. Where standard input is no terminal it is one line of that.
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

// askAnswer reads a line that may be empty, as a client's user types it. It is shown only with
// echo.
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

// readSecret reads a line with something in it, until the user wants to stop.
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
	go func() { // a terminal's read cannot be cut off: if the user stops, it ends with the process
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

// readLine reads to the end of a line and not a byte further, so that the next one can be read too.
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

// hideTyping lets a terminal not show what is typed, until restore. The error says that f is none.
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
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil // it was possible a moment ago
}
