package ftp

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"filegate/core/vfs"
)

// facts is the set of facts in MLST and MLSD (RFC 3659, section 7.5) that a client has chosen.
type facts uint8

const (
	factType facts = 1 << iota
	factSize
	factModify
	factMode

	defaultFacts = factType | factSize | factModify
)

// factNames lists the facts in the order in which they are sent.
var factNames = []struct {
	fact facts
	name string
}{{factType, "Type"}, {factSize, "Size"}, {factModify, "Modify"}, {factMode, "UNIX.mode"}}

const factTime = "20060102150405"

// feature returns the facts as FEAT shows them, with a star after each chosen one (RFC 3659,
// section 7.8).
func (f facts) feature() string {
	var b strings.Builder
	for _, n := range factNames {
		b.WriteString(n.name)
		if f&n.fact != 0 {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// choose executes OPTS MLST. It ignores unknown facts (RFC 3659, section 7.9).
func (f *facts) choose(arg string) *reply {
	*f = 0
	var chosen strings.Builder
	for wanted := range strings.SplitSeq(arg, ";") {
		for _, n := range factNames {
			if strings.EqualFold(strings.TrimSpace(wanted), n.name) {
				*f |= n.fact
			}
		}
	}
	for _, n := range factNames {
		if *f&n.fact != 0 {
			chosen.WriteString(n.name + ";")
		}
	}
	return &reply{code: 200, text: strings.TrimRight("MLST OPTS "+chosen.String(), " ")}
}

func appendFacts(text []byte, info vfs.Info, f facts) []byte {
	if f&factType != 0 {
		kind := "file"
		if info.IsDir() {
			kind = "dir"
		}
		text = append(text, "Type="+kind+";"...)
	}
	if f&factSize != 0 {
		text = fmt.Appendf(text, "Size=%d;", max(info.Size, 0))
	}
	if f&factModify != 0 {
		text = append(text, "Modify="+modTime(info).Format(factTime)+";"...)
	}
	if f&factMode != 0 {
		text = fmt.Appendf(text, "UNIX.mode=%#04o;", info.Mode.Perm())
	}
	return text
}

// modTime returns the modification time in UTC, which clients assume.
func modTime(info vfs.Info) time.Time {
	if info.ModTime.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return info.ModTime.UTC()
}

// shownMode returns the mode in listings. A dangling link is shown as a file, so that it can be
// deleted.
func shownMode(info vfs.Info) fs.FileMode { return info.Mode & (fs.ModeDir | fs.ModePerm) }

// mlst executes MLST. The path in the answer is absolute, so that it does not depend on the current
// directory.
func (c *client) mlst(d *driver, name string) *reply {
	var line string
	err := d.do(name, func(ctx context.Context, p vfs.Path) error {
		info, err := d.session.Stat(ctx, p)
		line = " " + string(appendFacts(nil, info, c.params.facts)) + " " + d.toClient(string(p))
		return err
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{code: 250, text: "The facts are:", lines: []string{line}, last: "End."}
}
