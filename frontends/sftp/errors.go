package sftp

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/pkg/sftp"

	"filegate/core/session"
	"filegate/core/vfs"
)

// statuses translates the kinds of failure that have a status of their own in version 3. The rest is SSH_FX_FAILURE, and its text tells.
var statuses = map[error]error{
	vfs.ErrNotExist:    sftp.ErrSSHFxNoSuchFile,
	vfs.ErrNotDir:      sftp.ErrSSHFxNoSuchFile, // as OpenSSH does: a part of the path is not there as a directory
	vfs.ErrPermission:  sftp.ErrSSHFxPermissionDenied,
	vfs.ErrUnsupported: sftp.ErrSSHFxOpUnsupported,
}

// status makes what the library sends of an error: its status, and a text that is safe for the client.
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

// clientError is an error as the client reads it. It wraps only the status, by which the library finds that.
type clientError struct {
	text   string
	status error
}

func (e *clientError) Error() string { return e.text }
func (e *clientError) Unwrap() error { return e.status }

// recoverTo makes an error of a panic in a handler: the library calls them in goroutines of its own, where it would end the process.
func recoverTo(err *error, sess *session.Session) {
	if v := recover(); v != nil {
		sess.Log().Error("panic", "panic", v, "stack", string(debug.Stack()))
		*err = status(fmt.Errorf("panic: %v", v))
	}
}
