package api

import (
	"regexp"
	"strings"
)

// ShortText shortens a text of the store for a log line.
func ShortText(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(withoutMarkup(s)), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// markup matches a tag, a comment or an entity in HTML.
var markup = regexp.MustCompile(`(?s)<!--.*?-->|<[!/?a-zA-Z][^<>]*>|&(#?[a-zA-Z0-9]+);`)

// withoutMarkup returns the words of a page in HTML, which proxies and Swift return as errors.
func withoutMarkup(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	return markup.ReplaceAllString(s, " ")
}
