package scp

import (
	"errors"
	"fmt"
	"strings"

	"filegate/frontends/shellwords"
)

// maxCommand is the size limit of a command line in bytes: enough for some long names.
const maxCommand = 64 << 10

// command is a parsed command line.
type command struct {
	sink      bool // -t: the client sends files
	source    bool // -f: the client receives files
	recursive bool // -r
	preserve  bool // -p: with times and modes
	directory bool // -d: the target must be a directory
	paths     []shellwords.Word
}

// isCommand reports whether a command line is for this service.
func isCommand(line string) bool {
	return shellwords.IsCommand(line, "scp")
}

// parseCommand parses "scp -t|-f [-rpdvq] [--] path...".
func parseCommand(line string) (command, error) {
	if len(line) > maxCommand {
		return command{}, errors.New("the command is too long")
	}
	words, err := shellwords.Split(line)
	if err != nil {
		return command{}, err
	}
	if len(words) == 0 {
		return command{}, errors.New("no command")
	}
	var cmd command
	words = words[1:]
	for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") && words[0].Text != "-" {
		option := words[0].Text
		words = words[1:]
		if option == "--" {
			break
		}
		for _, o := range option[1:] {
			switch o {
			case 't':
				cmd.sink = true
			case 'f':
				cmd.source = true
			case 'r':
				cmd.recursive = true
			case 'p':
				cmd.preserve = true
			case 'd':
				cmd.directory = true
			// Verbosity and connection options, which have no effect here.
			case 'v', 'q', 'C', 'B', '4', '6':
			default:
				return command{}, fmt.Errorf("unknown option -%c", o)
			}
		}
	}
	cmd.paths = words
	switch {
	case cmd.sink == cmd.source:
		return command{}, errors.New("this command is for scp clients only")
	case len(words) == 0:
		return command{}, errors.New("no file name")
	case cmd.sink && len(words) > 1:
		return command{}, errors.New("ambiguous target: quote a name that has spaces")
	}
	return cmd, nil
}
