package authplugin

import (
	"strconv"
	"strings"
)

// printable returns s as one line without control characters, cut to about limit bytes. Characters
// that do not print are escaped as in Go strings; bytes that are not UTF-8 are replaced.
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

// validText makes s valid for a string field of the protocol. A string that is not UTF-8 would
// invalidate the whole message.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
