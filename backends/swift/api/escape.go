package api

import (
	"strings"

	"filegate/core/vfs"
)

// Swift takes names of which a path can have no likes: with a slash at the beginning or two in a
// row, which is an empty element, and with "." and ".." as elements. Such an element is shown with
// a percent sign in front: "%", "%." and "%..". So that these are nobody else's, what looks like
// one of them already gets one more, and so does, at the top, a container that looks like an
// account. All other names are what they are.

// EscapeMark begins an element that is escaped.
const EscapeMark = "%"

// EscapeElement is an element of Swift's as a path has it.
func EscapeElement(s string, top bool) string {
	if needsEscape(s, top) {
		return EscapeMark + s
	}
	return s
}

// UnescapeElement is the reverse.
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

// UnescapeObject is the object that elements of a path name.
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

// EmptyObject stands for the object with no name, which Swift cannot have: what begins with a slash
// lies below it.
const EmptyObject = "\x00"

// CheckNew refuses to make something with a name that ends in an empty element: in Swift it would
// be the marker of the directory that it is in.
func (n Name) CheckNew() error {
	if n.Object == EmptyObject || strings.HasSuffix(n.Object, "/") {
		return vfs.Errorf(vfs.ErrInvalidName, "%q stands for an empty name, which only what is there already can have", EscapeMark)
	}
	return nil
}

// IsMarker reports whether an object with this name and content is the marker of the directory that
// it would be in, and nothing by itself.
func IsMarker(object string, size int64, contentType string) bool {
	return strings.HasSuffix(object, "/") && (size == 0 || IsDirectoryType(contentType))
}
