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

// statuses translates the kinds of failure that have a status of their own in version 3. The rest
// is SSH_FX_FAILURE, and its text tells.
var statuses = map[error]error{
	vfs.ErrNotExist:    sftp.ErrSSHFxNoSuchFile,
	vfs.ErrNotDir:      sftp.ErrSSHFxNoSuchFile, // as OpenSSH does: a part of the path is not there as a directory
	vfs.ErrPermission:  sftp.ErrSSHFxPermissionDenied,
	vfs.ErrUnsupported: sftp.ErrSSHFxOpUnsupported,
}

// status makes what the library sends of an error: its status, and a text that is safe for the
// client.
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

// clientError is an error as the client reads it. It wraps only the status, by which the library
// finds that.
type clientError struct {
	text   string
	status error
}

func (e *clientError) Error() string { return e.text }
func (e *clientError) Unwrap() error { return e.status }

// errMalformed is the answer to a request whose fields do not fit into it.
var errMalformed error = &clientError{text: "malformed request", status: sftp.ErrSSHFxBadMessage}

// codeOf returns the code of what status returns, and the text.
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

// statusText is the text of a status that has none of its own: that of OpenSSH.
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

// recoverTo makes an error of a panic in a handler: the library calls them in goroutines of its
// own, where it would end the process.
func recoverTo(err *error, sess *session.Session) {
	if p := frontend.Panicked(recover(), sess.Log()); p != nil {
		*err = status(p)
	}
}
