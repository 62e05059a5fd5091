package scp

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"filegate/core/vfs"
)

// The first byte of the answer to each step. A warning or an error is followed by a line of text.
const (
	byteOK    = 0
	byteWarn  = 1 // this file failed; the transfer continues
	byteFatal = 2
)

var (
	// errTold is an error that the client has reported itself.
	errTold = errors.New("reported by the client")
	// errFatal ends the transfer: server and client disagree about the next step.
	errFatal = errors.New("cannot go on")
)

// wire is the stream of one transfer.
type wire struct {
	in     *bufio.Reader
	out    io.Writer
	failed bool // an error was reported, so the exit status is not 0
}

func newWire(stdio io.ReadWriter) *wire {
	return &wire{in: bufio.NewReaderSize(stdio, 32<<10), out: stdio}
}

func (w *wire) ok() error {
	_, err := w.out.Write([]byte{byteOK})
	return err
}

// warn reports that a file failed; the client continues with the next. warn returns an error only
// if the report cannot be sent.
func (w *wire) warn(name string, err error) error {
	w.failed = true
	_, err = fmt.Fprintf(w.out, "%cscp: %s: %s\n", byteWarn, vfs.EscapeControl(name), vfs.ClientText(err))
	return err
}

// fatal reports an error that ends the transfer.
func (w *wire) fatal(text string) error {
	w.failed = true
	fmt.Fprintf(w.out, "%cscp: %s\n", byteFatal, vfs.EscapeControl(text))
	return errFatal
}

// line reads a line and returns it without the newline. It returns io.EOF only if there is no line.
func (w *wire) line() (string, error) {
	var line []byte
	for {
		b, err := w.in.ReadByte()
		switch {
		case err == io.EOF && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		case b == '\n':
			return string(line), nil
		case len(line) == maxRecord:
			return "", w.fatal("protocol error: line too long")
		}
		line = append(line, b)
	}
}

// answer reads the client's answer to a step. It returns nil, errTold if this file failed, or an
// error that ends the transfer.
func (w *wire) answer() error {
	b, err := w.in.ReadByte()
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case b == byteOK:
		return nil
	}
	w.failed = true
	if b != byteWarn && b != byteFatal {
		return w.fatal("protocol error: unexpected answer")
	}
	if _, err := w.line(); err != nil {
		return err
	}
	if b == byteFatal {
		return errFatal
	}
	return errTold
}
