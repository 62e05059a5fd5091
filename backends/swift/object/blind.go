package object

import (
	"fmt"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// isWhole reports whether nothing is left of what had the name before. Of a file that cannot be
// read nothing must be.
func (w *Writer) isWhole() bool {
	return w.pub.opts.Truncate || w.anew.truncated && (w.size == 0 || w.anew.written.Covers(spans.Span{End: w.size}))
}

// ErrBlind is the refusal of what cannot be done without a look at what is there.
func ErrBlind(n api.Name, err error) error {
	return api.RefusedAs(err, vfs.ErrPermission, fmt.Sprintf("this login may put new files into %q, and not read what is there", n.Container))
}

// anew is what a client has made new of a file that it did not open as an empty one. OpenSSH's scp
// writes all of it, and cuts off at the end what was there before.
type anew struct {
	truncated bool
	written   spans.Set
}
