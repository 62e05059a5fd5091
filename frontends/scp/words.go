package scp

import (
	"fmt"
	"strings"
)

// word is one word of a command line, without its quotes.
type word struct {
	text string
	// pattern is the word with a backslash before each character that is special in a pattern and was quoted, as path.Match wants it.
	pattern string
	// tilde says that the word begins with an unquoted "~".
	tilde bool
}

const (
	spaces = " \t"
	// shellOnly has a meaning to a shell that cannot be had here. To take it literally would surprise in one way, to ignore it in another.
	shellOnly = "\n\r|&;<>()$`"
	special   = `*?[]\^-`
)

// splitWords splits a command line as a POSIX shell does (Shell Command Language, section 2.2), without any expansion.
func splitWords(line string) ([]word, error) {
	var (
		words  []word
		cur    word
		text   strings.Builder
		patt   strings.Builder
		inWord bool
	)
	literal := func(c byte) {
		if strings.IndexByte(special, c) >= 0 {
			patt.WriteByte('\\')
		}
		text.WriteByte(c)
		patt.WriteByte(c)
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.IndexByte(spaces, c) >= 0:
			if inWord {
				cur.text, cur.pattern = text.String(), patt.String()
				words = append(words, cur)
				cur, inWord = word{}, false
				text.Reset()
				patt.Reset()
			}
			continue
		case strings.IndexByte(shellOnly, c) >= 0:
			return nil, fmt.Errorf("%q in a name must be quoted: there is no shell here", c)
		case c == '\\':
			i++
			if i == len(line) {
				return nil, fmt.Errorf("a backslash at the end of the command")
			}
			literal(line[i])
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("a quote %q that is not closed", c)
			}
			for _, b := range []byte(line[i+1 : i+1+end]) {
				literal(b)
			}
			i += end + 1
		case c == '"':
			n, err := doubleQuoted(line[i+1:], literal)
			if err != nil {
				return nil, err
			}
			i += n
		default:
			cur.tilde = cur.tilde || c == '~' && !inWord
			text.WriteByte(c)
			if so := patt.String(); c == '!' && strings.HasSuffix(so, "[") && !strings.HasSuffix(so, `\[`) {
				c = '^' // as path.Match wants it
			}
			patt.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		cur.text, cur.pattern = text.String(), patt.String()
		words = append(words, cur)
	}
	return words, nil
}

// doubleQuoted takes what follows a double quote and returns how much of it belongs to it, the closing quote included.
func doubleQuoted(s string, literal func(byte)) (int, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, nil
		case c == '$' || c == '`':
			return 0, fmt.Errorf("%q in a name must be quoted with ' or \\: there is no shell here", c)
		case c == '\\' && i+1 < len(s) && strings.IndexByte("\"\\$`", s[i+1]) >= 0:
			i++
			literal(s[i])
		default:
			literal(c)
		}
	}
	return 0, fmt.Errorf("a quote %q that is not closed", '"')
}
