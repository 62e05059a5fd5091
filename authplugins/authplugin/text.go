package authplugin

import (
	"strconv"
	"strings"
)

// printable returns s as one harmless line of at most limit bytes or a little more: control characters
// and what else does not print are escaped as in Go's strings, bytes that are not UTF-8 replaced.
func printable(s string, limit int) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// validText makes s fit for a string field of the protocol, which must be UTF-8 or the whole answer is lost.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
