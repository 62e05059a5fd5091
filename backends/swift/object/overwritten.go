package object

import (
	"fmt"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// isWhole reports whether the new content keeps nothing of the old content. A file that the login
// may not read can only be replaced as a whole.
func (w *Writer) isWhole() bool {
	return w.pub.opts.Truncate || w.anew.truncated && (w.size == 0 || w.anew.written.Covers(spans.Span{End: w.size}))
}

// ErrBlind returns the error for an operation that must read an object that the login may not read.
func ErrBlind(n api.Name, err error) error {
	return api.RefusedAs(err, vfs.ErrPermission, fmt.Sprintf("this login may put new files into %q, and not read what is there", n.Container))
}

// overwritten records which bytes a client has written to a file that it did not open with
// Truncate. OpenSSH's scp writes the whole file, and then cuts off the rest of the old content.
type overwritten struct {
	truncated bool
	written   spans.Set
}
