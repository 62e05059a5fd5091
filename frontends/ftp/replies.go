package ftp

import (
	"slices"
	"strings"
)

// clearErrors are the beginnings of errors in the library's own words that clients can understand.
var clearErrors = []string{
	"421 command timeout", "426 Connection closed; transfer aborted", "500 Unknown command ", "500 Don't know this option", "500 Missing path",
	"501 Resuming transfers not allowed", "502 ", "503 ", "504 ", "530 Please login", "550 SIZE not allowed in ASCII mode", "550 Can't change directory to ",
}

// clearEnds are the ends of such errors that begin with a name.
var clearEnds = []string{" is a directory", " is not a directory", " is not a regular file"}

// withoutGo returns an error of the library in understandable words, because many of them contain
// texts of Go. It returns other replies unchanged.
func withoutGo(line string) string {
	if len(line) < 4 || line[0] != '4' && line[0] != '5' || line[3] != ' ' {
		return line
	}
	if slices.ContainsFunc(clearErrors, func(s string) bool { return strings.HasPrefix(line, s) }) ||
		slices.ContainsFunc(clearEnds, func(s string) bool { return strings.HasSuffix(line, s) }) {
		return line
	}
	switch {
	case line[0] == '4':
		return line[:4] + "This is not possible at the moment, try again later."
	case strings.HasPrefix(line, "501 "):
		return line[:4] + "The command's argument is not understood."
	}
	return line[:4] + "The command has failed."
}
