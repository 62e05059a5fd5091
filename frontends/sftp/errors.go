package sftp

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/pkg/sftp"

	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
)

// Statuses of the protocol (draft-ietf-secsh-filexfer-02, section 7).
const (
	statusOK          = uint32(sftp.ErrSSHFxOk)
	statusEOF         = uint32(sftp.ErrSSHFxEOF)
	statusNoSuchFile  = uint32(sftp.ErrSSHFxNoSuchFile)
	statusPermission  = uint32(sftp.ErrSSHFxPermissionDenied)
	statusFailure     = uint32(sftp.ErrSSHFxFailure)
	statusBadMessage  = uint32(sftp.ErrSSHFxBadMessage)
	statusUnsupported = uint32(sftp.ErrSSHFxOpUnsupported)
)

// statuses maps kinds of failure to the statuses that version 3 has for them. All other failures
// are SSH_FX_FAILURE with a text.
var statuses = map[error]error{
	vfs.ErrNotExist: sftp.ErrSSHFxNoSuchFile,
	// As in OpenSSH: a part of the path is not there as a directory.
	vfs.ErrNotDir:      sftp.ErrSSHFxNoSuchFile,
	vfs.ErrPermission:  sftp.ErrSSHFxPermissionDenied,
	vfs.ErrUnsupported: sftp.ErrSSHFxOpUnsupported,
}

// status returns the error that the library sends for err: a status, and a text that is safe for
// the client.
func status(err error) error {
	switch {
	case err == nil:
		return nil
	case err == io.EOF:
		return io.EOF
	}
	code, ok := statuses[vfs.Kind(err)]
	if !ok {
		code = sftp.ErrSSHFxFailure
	}
	return &clientError{text: vfs.ClientText(err), status: code}
}

// clientError is an error for the client. It wraps only the status, which the library looks for.
type clientError struct {
	text   string
	status error
}

func (e *clientError) Error() string { return e.text }
func (e *clientError) Unwrap() error { return e.status }

// errMalformed is the answer to a request whose fields are incomplete.
var errMalformed error = &clientError{text: "malformed request", status: sftp.ErrSSHFxBadMessage}

// codeOf returns the code and the text of an error that status has returned.
func codeOf(err error) (code uint32, text string) {
	switch err {
	case nil:
		return statusOK, statusText(statusOK)
	case io.EOF:
		return statusEOF, statusText(statusEOF)
	}
	e, ok := errors.AsType[*clientError](err)
	if !ok {
		return codeOf(status(err))
	}
	for code := range statusUnsupported + 1 {
		if e.status == fx(code) {
			return code, e.text
		}
	}
	return statusFailure, e.text
}

// fx returns the library's error for a code.
func fx(code uint32) error { return (&sftp.StatusError{Code: code}).FxCode() }

// statusText returns OpenSSH's text for a status.
func statusText(code uint32) string {
	switch code {
	case statusOK:
		return "Success"
	case statusEOF:
		return "End of file"
	}
	return fx(code).Error()
}

func statusPacket(id, code uint32, text string) []byte {
	p := binary.BigEndian.AppendUint32(answer(typeStatus, id), code)
	return appendString(appendString(p, text), "en")
}

// recoverTo turns a panic in a handler into an error. The library calls handlers in its own
// goroutines, where a panic would end the process.
func recoverTo(err *error, sess *session.Session) {
	if p := frontend.Panicked(recover(), sess.Log()); p != nil {
		*err = status(p)
	}
}
