package shellwords

import (
	"errors"
	"strings"
)

const (
	// maxExpanded is how many words the braces of one may make.
	maxExpanded = 1000
	// maxBraces is how many braces may be opened in one word.
	maxBraces = 100
)

var errTooManyWords = errors.New("the braces expand to too many words: use fewer")

// expandWord is expand of a word that a client has sent.
func expandWord(word string) ([]string, error) {
	braces := 0
	for i := 0; i < len(word); i++ {
		switch word[i] {
		case '\\':
			i++
		case '{':
			braces++
		}
	}
	if braces > maxBraces {
		return nil, errTooManyWords
	}
	return expand(word)
}

// expand returns what braces make of a word, whose quoted characters have a backslash before them:
// "a{b,c}" is "ab" and "ac". Braces without a comma between them are characters like any others, as
// in shells.
func expand(word string) ([]string, error) {
	open, parts, after := firstBraces(word)
	if parts == nil {
		return []string{word}, nil
	}
	rests, err := expand(after)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, part := range parts {
		firsts, err := expand(part)
		if err != nil {
			return nil, err
		}
		for _, first := range firsts {
			for _, rest := range rests {
				if len(all) == maxExpanded {
					return nil, errTooManyWords
				}
				all = append(all, word[:open]+first+rest)
			}
		}
	}
	return all, nil
}

// firstBraces finds the first pair of braces with a comma in it: where it begins, what is between
// its commas, and what comes after it.
func firstBraces(word string) (open int, parts []string, after string) {
	for open = 0; open < len(word); open++ {
		switch word[open] {
		case '\\':
			open++
		case '{':
			if parts, after = splitBraces(word[open+1:]); len(parts) > 1 {
				return open, parts, after
			}
		}
	}
	return 0, nil, ""
}

// splitBraces takes what follows an opening brace apart at its own commas, up to the brace that
// closes it. It returns nothing where none does.
func splitBraces(s string) (parts []string, after string) {
	depth, begin := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth == 0 {
				parts, begin = append(parts, s[begin:i]), i+1
			}
		case '}':
			if depth == 0 {
				return append(parts, s[begin:i]), s[i+1:]
			}
			depth--
		}
	}
	return nil, ""
}

// negated returns a pattern with "[^" for each "[!" of a shell's, as path.Match wants it.
func negated(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		b.WriteByte(pattern[i])
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case pattern[i] == '[' && i+1 < len(pattern) && pattern[i+1] == '!':
			i++
			b.WriteByte('^')
		}
	}
	return b.String()
}
