package ftp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"filegate/core/vfs"
	"filegate/frontends/commands"
	"filegate/frontends/shellwords"
)

// maxSiteAnswer is the longest answer to a SITE command, in bytes.
const maxSiteAnswer = 1 << 20

// storageCommand executes a command of package commands. Names with spaces must be quoted, as in a
// shell.
func (d *driver) storageCommand(cmd commands.Command, arg string) *reply {
	words, err := shellwords.Split(arg)
	if err != nil {
		return &reply{code: 501, text: err.Error()}
	}
	call := commands.Call{Session: d.session, Resolve: d.resolve, Show: func(p vfs.Path) string { return d.toClient(string(p)) }}
	for _, w := range words {
		call.Args = append(call.Args, w.Text)
	}
	return d.client.begin(d, joinCommand("SITE "+strings.ToUpper(cmd.Name), arg), func(t *transfer) *reply {
		out := &siteAnswer{}
		call.Out = out
		return out.reply(cmd.Run(t.ctx, call))
	})
}

// siteAnswer collects the output of a command.
type siteAnswer struct{ bytes.Buffer }

func (a *siteAnswer) Write(p []byte) (int, error) {
	if a.Len()+len(p) > maxSiteAnswer {
		return 0, vfs.Errorf(vfs.ErrTooLarge, "the answer is too long for FTP: ask for less, or use SSH")
	}
	return a.Buffer.Write(p)
}

func (a *siteAnswer) reply(err error) *reply {
	if usage, ok := errors.AsType[*commands.UsageError](err); ok {
		return &reply{code: 501, text: usage.Text}
	}
	if err != nil {
		var texts []string
		for _, err := range flatten(err) {
			text := vfs.ClientText(err)
			if failed, ok := errors.AsType[*commands.PathError](err); ok {
				text = failed.Error()
			}
			texts = append(texts, text)
		}
		r := *asReply(failure(err))
		r.text = strings.Join(texts, "; ")
		return &r
	}
	if a.Len() == 0 {
		return &reply{code: 200, text: "Done."}
	}
	var lines []string
	for line := range strings.Lines(a.String()) {
		lines = append(lines, " "+strings.TrimRight(line, "\n"))
	}
	return &reply{code: 200, text: "The answer:", lines: lines, last: "End."}
}

// flatten returns the errors that err joins.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func siteHelpReply() *reply {
	r := &reply{code: 214, text: siteHelp, last: "Quote names that contain spaces. --json gives the answer as JSON."}
	for _, cmd := range commands.All() {
		r.lines = append(r.lines, fmt.Sprintf(" SITE %s: %s", strings.ToUpper(cmd.Name)+strings.TrimPrefix(cmd.Usage, cmd.Name), cmd.About))
	}
	return r
}
