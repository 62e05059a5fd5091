package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminal describes the output for messages. The zero value is a file or a pipe: no line wrapping
// and no colours.
type terminal struct {
	width uint
	color bool
}

func terminalOf(f *os.File) terminal {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return terminal{}
	}
	return terminal{width: uint(size.Col), color: os.Getenv("NO_COLOR") == ""} // https://no-color.org
}
