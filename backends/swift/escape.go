package swift

import (
	"strings"

	"filegate/core/vfs"
)

// Swift takes names of which a path can have no likes: with a slash at the beginning or two in a row, which is an empty element, and with "." and
// ".." as elements. Such an element is shown with a percent sign in front: "%", "%." and "%..". So that these are nobody else's, what looks
// like one of them already gets one more, and so does, at the top, a container that looks like an account. All other names are what they are.

const escapeMark = "%"

// escapeElement is an element of Swift's as a path has it.
func escapeElement(s string, top bool) string {
	if needsEscape(s, top) {
		return escapeMark + s
	}
	return s
}

// unescapeElement is the reverse.
func unescapeElement(s string, top bool) string {
	if strings.HasPrefix(s, escapeMark) && needsEscape(s, top) {
		return s[len(escapeMark):]
	}
	return s
}

func needsEscape(s string, top bool) bool {
	rest := strings.TrimLeft(s, escapeMark)
	return rest == "" || rest == "." || rest == ".." || top && strings.HasPrefix(rest, accountMark)
}

// unescapeObject is the object that elements of a path name.
func unescapeObject(elements []string) string {
	var b strings.Builder
	for i, e := range elements {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(unescapeElement(e, false))
	}
	if len(elements) > 0 && b.Len() == 0 {
		return emptyObject
	}
	return b.String()
}

// emptyObject stands for the object with no name, which Swift cannot have: what begins with a slash lies below it.
const emptyObject = "\x00"

// checkNew refuses to make something with a name that ends in an empty element: in Swift it would be the marker of the directory that it is in.
func (n name) checkNew() error {
	if n.object == emptyObject || strings.HasSuffix(n.object, "/") {
		return vfs.Errorf(vfs.ErrInvalidName, "%q stands for an empty name, which only what is there already can have", escapeMark)
	}
	return nil
}

// isMarker says whether an object with this name and content is the marker of the directory that it would be in, and nothing by itself.
func isMarker(object string, size int64, contentType string) bool {
	return strings.HasSuffix(object, "/") && (size == 0 || isDirectoryType(contentType))
}
