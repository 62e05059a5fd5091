package ftp

import (
	"regexp"
	"strings"

	"filegate/core/vfs"
)

// rewrite returns a command in the form that the library understands.
func rewrite(verb, arg string) string {
	switch verb {
	case "XCUP":
		return "CDUP"
	case "MDTM":
		if setsTime.MatchString(arg) {
			return "MFMT " + arg
		}
	}
	return joinCommand(verb, arg)
}

func joinCommand(verb, arg string) string {
	if arg == "" {
		return verb
	}
	return verb + " " + arg
}

// setsTime matches the argument of MDTM with a time before the name, by which some devices set the
// time instead of by MFMT.
var setsTime = regexp.MustCompile(`^[0-9]{14} +[^ ]`)

// libraryReplies replace replies of the library that are not true, or that contain the words of Go.
// They are found by their beginning.
var libraryReplies = []struct {
	prefix string
	reply
}{
	{"501 Couldn't parse mtime", reply{code: 501, text: "Write times as YYYYMMDDHHMMSS."}},
	{"500 Couldn't set mtime", reply{code: 501, text: "Give a time YYYYMMDDHHMMSS and a path."}},
	{"500 Unhandled internal error", reply{code: 451, text: vfs.ClientText(nil)}},
	{"500 Error: ", reply{code: 451, text: vfs.ClientText(nil)}},
	{"502 This command hasn't been implemented", reply{code: 502, text: "Unknown command."}},
}

// kinderReplies replace the words of other replies of the library. They are found by their
// beginning.
var kinderReplies = []struct{ prefix, words string }{
	{"331 OK", "331 Send the password."},
	{"250 CD worked on ", "250 The directory is "},
	{"250 CDUP worked on ", "250 The directory is "},
	{"350 Sure, give me a target", "350 The file exists; send its new name."},
	{"250 Done !", "250 The file is renamed."},
	{"200 Good to know", "200 It is noted."},
	{"250 Deleted dir ", "250 Directory removed: "},
	{"250 Removed file ", "250 File removed: "},
}

// amend returns a line of a reply in its final form.
func (c *control) amend(line string) string {
	switch {
	case strings.HasPrefix(line, `257 Created dir "`): // RFC 959, appendix II: the path comes first
		return "257 " + strings.TrimPrefix(line, "257 Created dir ") + " created."
	case strings.HasPrefix(line, "350 Sure"):
		c.renaming.Store(true)
	}
	if own := unwrapReply(line); own != line {
		return own
	}
	for _, k := range kinderReplies {
		if rest, ok := strings.CutPrefix(line, k.prefix); ok {
			return k.words + rest
		}
	}
	for i := range libraryReplies {
		if r := &libraryReplies[i]; strings.HasPrefix(line, r.prefix) {
			return r.line()
		}
	}
	return withoutGo(line)
}
