package ftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/vfs"
)

// codes translates the kinds of failure to the reply codes of RFC 959, section 4.2. A client tries
// again what it got a 4xx for, and gives up on a 5xx.
var codes = map[error]int{
	vfs.ErrNotExist:    550,
	vfs.ErrExist:       550,
	vfs.ErrPermission:  550,
	vfs.ErrIsDir:       550,
	vfs.ErrNotDir:      550,
	vfs.ErrNotEmpty:    550,
	vfs.ErrInvalidName: 553,
	vfs.ErrInvalid:     501,
	vfs.ErrQuota:       552,
	vfs.ErrTooLarge:    552,
	vfs.ErrUnsupported: 504,
	vfs.ErrChanged:     450,
	vfs.ErrClosed:      451,
	vfs.ErrCorrupt:     451,
	vfs.ErrUnavailable: 451,
}

// codeLocalError is for what is not the client's fault and of no kind: an ended session, a panic.
const codeLocalError = 451

// mark stands in front of a reply inside the text that the library makes of an error, so that
// [control] finds it there. A text for clients never has a control character of its own.
const mark = "\x1e"

// reply is what the client reads: mostly an error, with the code that it deserves and a text that
// is safe. The library knows two codes for errors and puts words of its own in front of the text;
// the control connection undoes both.
type reply struct {
	code  int
	text  string
	lines []string // behind the text, each as it is to be sent; then last ends the reply
	last  string
}

func (r *reply) Error() string { return mark + r.line() }

// line is the reply, or the first line of it.
func (r *reply) line() string { return strconv.Itoa(r.code) + " " + vfs.EscapeControl(r.text) }

// bytes is the reply as it is sent.
func (r *reply) bytes() []byte {
	if len(r.lines) == 0 {
		return []byte(r.line() + "\r\n")
	}
	b := fmt.Appendf(nil, "%d-%s\r\n", r.code, vfs.EscapeControl(r.text))
	for _, line := range r.lines {
		b = append(b, line+"\r\n"...)
	}
	return fmt.Appendf(b, "%d %s\r\n", r.code, r.last)
}

// failure is the reply to an error of the storage, and nil for nil. What is a reply already stays
// as it is.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*reply](err); ok {
		return r
	}
	code, ok := codes[vfs.Kind(err)]
	if !ok {
		code = codeLocalError
	}
	return &reply{code: code, text: vfs.ClientText(err)}
}

// refusal is the reply to a login that has failed. It is the same for an unknown user and for a
// wrong password.
func refusal(err error) error {
	r := *errLoginRefused
	if errors.Is(err, auth.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		r = reply{code: 421, text: "Logins are not possible at the moment; try again later."}
	}
	if text := auth.ClientText(err); text != "" {
		r.text = text
	}
	return &r
}

var (
	errLoginRefused = &reply{code: 530, text: "Login incorrect."}
	errNoMoreTries  = &reply{code: 421, text: "Too many failed logins."}
	errTLSRequired  = &reply{code: 530, text: "Login requires TLS; set your client to explicit TLS (AUTH TLS)."}
	errShuttingDown = &reply{code: 421, text: "The server is shutting down; try again later."}
	errEnded        = &reply{code: 421, text: "The session was ended."}
	errIdle         = &reply{code: 421, text: "Idle timeout: no command was sent for too long."}
	errDataLost     = &reply{code: 426, text: "The data connection broke; the transfer is incomplete."}
	errBeyondEnd    = &reply{code: 554, text: "The file ends before the position given with REST."}
	errAborted      = &reply{code: 426, text: "The transfer was aborted."}
	errNoEnd        = &reply{code: 426, text: "The data connection ended without close_notify. The upload may be incomplete and was not stored."}
	errNotCalled    = &reply{code: 502, text: "Command not implemented."}
)

// unwrapReply returns the reply that is inside a reply of the library: all of its text, or behind
// its own words for an error. Other lines stay as they are.
func unwrapReply(line string) string {
	i := strings.LastIndex(line, mark)
	if i == len("550 ") || i > 0 && (line[0] == '4' || line[0] == '5') {
		return line[i+len(mark):]
	}
	return line
}

// recoverTo makes an error of a panic: the library would show it to the client, log what the client
// has sent, and leave a transfer open.
func recoverTo(err *error, log *slog.Logger) {
	if p := frontend.Panicked(recover(), log); p != nil {
		*err = failure(p)
	}
}
