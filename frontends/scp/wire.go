package scp

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"filegate/core/vfs"
)

// The byte that every step is answered with. After a warning or an error follows a line of text.
const (
	byteOK    = 0
	byteWarn  = 1 // this file failed; go on
	byteFatal = 2
)

var (
	// errTold is an error of the other side, which knows it already.
	errTold = errors.New("reported by the client")
	// errFatal ends everything: the two sides do not agree any more on what comes next.
	errFatal = errors.New("cannot go on")
)

// wire is the stream of one transfer.
type wire struct {
	in     *bufio.Reader
	out    io.Writer
	failed bool // something has been reported: the exit status is not 0
}

func newWire(stdio io.ReadWriter) *wire {
	return &wire{in: bufio.NewReaderSize(stdio, 32<<10), out: stdio}
}

func (w *wire) ok() error {
	_, err := w.out.Write([]byte{byteOK})
	return err
}

// warn reports that a file failed, and lets the client go on with the next. It returns an error
// only when that cannot be sent.
func (w *wire) warn(name string, err error) error {
	w.failed = true
	_, err = fmt.Fprintf(w.out, "%cscp: %s: %s\n", byteWarn, vfs.EscapeControl(name), vfs.ClientText(err))
	return err
}

// fatal reports what ends the transfer, in the words of text.
func (w *wire) fatal(text string) error {
	w.failed = true
	fmt.Fprintf(w.out, "%cscp: %s\n", byteFatal, vfs.EscapeControl(text))
	return errFatal
}

// line reads to the next newline, which it drops. It returns io.EOF only before the first byte.
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

// answer reads the client's answer to a step: nil, errTold where this file failed, or what ends
// everything.
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
