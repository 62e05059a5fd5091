package api

import (
	"strings"

	"filegate/core/vfs"
)

// Swift permits names that a path cannot have: with a slash at the beginning or two slashes in a
// row, which is an empty element, and with "." and ".." as elements. Such an element is shown with
// a percent sign before it: "%", "%." and "%..". To stay unique, an element that already looks like
// one of them gets one more percent sign, and so does, at the top, a container that looks like an
// account. All other names are unchanged.

// EscapeMark is the beginning of an escaped element.
const EscapeMark = "%"

// EscapeElement returns an element of Swift's in the form for a path.
func EscapeElement(s string, top bool) string {
	if needsEscape(s, top) {
		return EscapeMark + s
	}
	return s
}

// UnescapeElement reverses EscapeElement.
func UnescapeElement(s string, top bool) string {
	if strings.HasPrefix(s, EscapeMark) && needsEscape(s, top) {
		return s[len(EscapeMark):]
	}
	return s
}

func needsEscape(s string, top bool) bool {
	rest := strings.TrimLeft(s, EscapeMark)
	return rest == "" || rest == "." || rest == ".." || top && strings.HasPrefix(rest, AccountMark)
}

// UnescapeObject returns the object for elements of a path.
func UnescapeObject(elements []string) string {
	var b strings.Builder
	for i, e := range elements {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(UnescapeElement(e, false))
	}
	if len(elements) > 0 && b.Len() == 0 {
		return EmptyObject
	}
	return b.String()
}

// EmptyObject stands for an object with an empty name, which Swift cannot have. Names that begin
// with a slash are below it.
const EmptyObject = "\x00"

// CheckNew refuses to create a name that ends in an empty element. In Swift it would be the marker
// of its own directory.
func (n Name) CheckNew() error {
	if n.Object == EmptyObject || strings.HasSuffix(n.Object, "/") {
		return vfs.Errorf(vfs.ErrInvalidName, "%q stands for an empty name, which only what is there already can have", EscapeMark)
	}
	return nil
}

// IsMarker reports whether an object with this name and content is only the marker of its
// directory.
func IsMarker(object string, size int64, contentType string) bool {
	return strings.HasSuffix(object, "/") && (size == 0 || IsDirectoryType(contentType))
}
