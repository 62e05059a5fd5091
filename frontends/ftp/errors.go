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

// codes maps kinds of failure to reply codes (RFC 959, section 4.2). Clients repeat a command after
// 4xx, and give up after 5xx. 552 means ErrQuota (the storage is full, or a quota or the limit
// session_bytes of the login is reached) or ErrTooLarge, in uploads and in downloads.
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

// codeLocalError is the code for errors that are not of a kind and not caused by the client: an
// ended session, a panic.
const codeLocalError = 451

// mark is the beginning of a reply inside the library's text for an error, where [control] looks
// for it. Texts for clients never contain control characters.
const mark = "\x1e"

// reply is a reply to the client, mostly an error, with the right code and a safe text. The library
// has only two codes for errors, and adds its own words to the text. The control connection
// reverses both.
type reply struct {
	code  int
	text  string
	lines []string // lines after the text, exactly as they are sent; last ends the reply
	last  string
}

func (r *reply) Error() string { return mark + r.line() }

// line returns the reply, or its first line.
func (r *reply) line() string { return strconv.Itoa(r.code) + " " + vfs.EscapeControl(r.text) }

// bytes returns the reply as it is sent.
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

// failure returns the reply for an error of the storage, or nil. It returns a reply unchanged.
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

// refusal returns the reply for a failed login. It is the same for an unknown user and for a wrong
// password.
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

// unwrapReply returns the reply inside a reply of the library. It returns other lines unchanged.
func unwrapReply(line string) string {
	i := strings.LastIndex(line, mark)
	if i == len("550 ") || i > 0 && (line[0] == '4' || line[0] == '5') {
		return line[i+len(mark):]
	}
	return line
}

// recoverTo turns a panic into an error. Otherwise the library would show it to the client, log
// what the client has sent, and leave a transfer open.
func recoverTo(err *error, log *slog.Logger) {
	if p := frontend.Panicked(recover(), log); p != nil {
		*err = failure(p)
	}
}
