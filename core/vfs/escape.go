package vfs

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeControl returns name with control characters (and the separators U+2028 and U+2029) written
// as \x0a, \u2028 and so on, for places where they would break a line: replies, scp records, log
// lines. Other names come back as they are, also bytes that are not UTF-8.
func EscapeControl(name string) string {
	if !strings.ContainsFunc(name, breaksLine) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		switch {
		case !breaksLine(r):
			_, size := utf8.DecodeRuneInString(name[i:])
			b.WriteString(name[i : i+size])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
