// Package shellwords parses a command line as a shell does, for services of SSH without a shell:
// quotes and backslashes ([Split]), patterns ([Glob]), and a leading "~". It runs nothing.
package shellwords

import (
	"fmt"
	"path"
	"strings"
)

// Word is one word of a command line, without its quotes.
type Word struct {
	Text string
	// Pattern is the word with a backslash before each character that is special in a pattern and
	// was quoted, as path.Match wants it.
	Pattern string
	// Tilde says that the word begins with an unquoted "~".
	Tilde bool
}

const (
	spaces = " \t"
	// shellOnly has a meaning to a shell that cannot be had here. To take it literally would
	// surprise in one way, to ignore it in another.
	shellOnly = "\n\r|&;<>()$`"
	special   = `*?[]\^-{},`
)

// Split splits a command line as a POSIX shell does (Shell Command Language, section 2.2), with the
// braces of today's shells and no other expansion.
func Split(line string) ([]Word, error) {
	var (
		words  []Word
		patt   strings.Builder
		tilde  bool
		inWord bool
	)
	end := func() error {
		if !inWord {
			return nil
		}
		all, err := expandWord(patt.String())
		if err != nil || len(words)+len(all) > maxExpanded && len(all) > 1 {
			return errTooManyWords
		}
		for _, p := range all {
			words = append(words, Word{Text: unescape(p), Pattern: negated(p), Tilde: tilde})
		}
		patt.Reset()
		tilde, inWord = false, false
		return nil
	}
	literal := func(c byte) {
		if strings.IndexByte(special, c) >= 0 {
			patt.WriteByte('\\')
		}
		patt.WriteByte(c)
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.IndexByte(spaces, c) >= 0:
			if err := end(); err != nil {
				return nil, err
			}
			continue
		case strings.IndexByte(shellOnly, c) >= 0:
			return nil, fmt.Errorf("%q in a name must be quoted: there is no shell", c)
		case c == '\\':
			i++
			if i == len(line) {
				return nil, fmt.Errorf("a backslash at the end of the command")
			}
			literal(line[i])
		case c == '\'':
			n := strings.IndexByte(line[i+1:], '\'')
			if n < 0 {
				return nil, fmt.Errorf("a quote %q that is not closed", c)
			}
			for _, b := range []byte(line[i+1 : i+1+n]) {
				literal(b)
			}
			i += n + 1
		case c == '"':
			n, err := doubleQuoted(line[i+1:], literal)
			if err != nil {
				return nil, err
			}
			i += n
		default:
			tilde = tilde || c == '~' && !inWord
			patt.WriteByte(c)
		}
		inWord = true
	}
	if err := end(); err != nil {
		return nil, err
	}
	return words, nil
}

// doubleQuoted takes what follows a double quote and returns how much of it belongs to it, the
// closing quote included.
func doubleQuoted(s string, literal func(byte)) (int, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, nil
		case c == '$' || c == '`':
			return 0, fmt.Errorf("%q in a name must be quoted with ' or \\: there is no shell", c)
		case c == '\\' && i+1 < len(s) && strings.IndexByte("\"\\$`", s[i+1]) >= 0:
			i++
			literal(s[i])
		default:
			literal(c)
		}
	}
	return 0, fmt.Errorf("a quote %q that is not closed", '"')
}

// Path is the path, or pattern, that s of the word stands for, with the home directory for "~":
// that is where all paths begin.
func (w Word) Path(s string) string {
	if w.Tilde && (s == "~" || strings.HasPrefix(s, "~/")) {
		return "/" + strings.TrimPrefix(s[1:], "/")
	}
	return s
}

// IsCommand reports whether a command line runs the program name, wherever that lies.
func IsCommand(line, name string) bool {
	fields := strings.Fields(line)
	return len(fields) > 0 && path.Base(fields[0]) == name
}
