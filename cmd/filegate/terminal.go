package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminal is what is known of where messages go. The zero value is a file or a pipe: no wrapping,
// no colours.
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
