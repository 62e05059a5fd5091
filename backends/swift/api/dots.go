package api

import (
	"net/http"
	"slices"
	"strings"

	"filegate/core/vfs"
)

// Swift treats "." and ".." in names like other elements. A proxy in front of it may interpret them
// as in a URL, and redirect the request to another object or container. So no request contains them
// where a proxy or a store could parse a path, not even encoded several times. Existing objects
// with such names are listed, but refused.

// maxDecodings is how many times a name is decoded to find dots.
const maxDecodings = 4

// DotElement returns the first element of a name that is "." or "..", however it is encoded.
func DotElement(name string) (string, bool) {
	for e := range strings.SplitSeq(name, "/") {
		for decoded, i := e, 0; i <= maxDecodings; i++ {
			if slices.ContainsFunc(strings.Split(decoded, "/"), func(s string) bool { return s == "." || s == ".." }) {
				return e, true
			}
			again := unquote(decoded)
			if again == decoded {
				break
			}
			decoded = again
		}
	}
	return "", false
}

// CheckDots refuses a name with a "." or ".." as an element.
func (n Name) CheckDots() error {
	for _, s := range []string{n.Account, n.Container, n.Object} {
		if e, ok := DotElement(s); ok {
			return vfs.Errorf(vfs.ErrInvalidName, "a name with %q as an element is refused: a proxy in front of the storage may take it for another directory", e)
		}
	}
	return nil
}

// pathHeaders are the headers that contain a path in the store.
var pathHeaders = []string{
	"Destination", "Destination-Account", "X-Copy-From", "X-Copy-From-Account", "X-Object-Manifest", SymlinkTargetHeader, SymlinkAccountHeader,
}

// checkDots refuses a request with "." or ".." as an element of its path, or of a path in its
// headers. The error has a status like an answer of the store, so it means that nothing was done.
func (r Request) checkDots() error {
	err := r.Target.CheckDots()
	for _, key := range pathHeaders {
		if err == nil {
			err = Name{Object: r.Header[key]}.CheckDots()
		}
	}
	if err == nil {
		return nil
	}
	refused := &StatusError{Method: r.Method, Target: r.Target, Status: http.StatusBadRequest, Text: "not sent"}
	return RefusedAs(refused, vfs.ErrInvalidName, vfs.ClientText(err))
}
