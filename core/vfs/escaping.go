package vfs

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Escaping changes names that do not fit, for example into a character set, without loss. To
// changes each name into one that fits, and From reverses To, for all names.
//
// A name that fits stays unchanged, unless it is also the result of To for another name. So the
// only names that change without need are those that look like an escaped name.
type Escaping struct {
	// Fits reports whether a name needs no escape.
	Fits func(name string) bool
	// Escape returns a name that fits, a different one for each name, and never a shorter one.
	Escape func(name string) string
	// Unescape returns the name for which Escape returns the given one, if there is any.
	Unescape func(name string) (string, bool)
}

// To returns the escaped form of name.
func (e *Escaping) To(name string) string {
	if !e.moves(name) {
		return name
	}
	return e.Escape(name)
}

// From returns the name whose escaped form is name. A name that does not fit is returned unchanged.
func (e *Escaping) From(name string) string {
	if !e.Fits(name) {
		return name
	}
	if before, ok := e.before(name); ok && e.moves(before) {
		return before
	}
	return name
}

// moves reports whether To changes a name: it does not fit, or it is the escaped form of a name
// that is changed. (This is the bijection in the theorem of Cantor and Bernstein, between all names
// and the names that fit.)
func (e *Escaping) moves(name string) bool {
	for e.Fits(name) {
		before, ok := e.before(name)
		if !ok {
			return false
		}
		name = before
	}
	return true
}

func (e *Escaping) before(name string) (string, bool) {
	before, ok := e.Unescape(name)
	return before, ok && before != name && e.Escape(before) == name
}

// byteMark precedes the two digits of an escaped byte. rclone writes such bytes in the same way.
const byteMark = "‛"

// byteEscapes writes a byte that is not UTF-8 as ‛E9, and ‛ as ‛‛.
var byteEscapes = Escaping{
	Fits: utf8.ValidString,
	Escape: func(name string) string {
		var b strings.Builder
		for len(name) > 0 {
			r, size := utf8.DecodeRuneInString(name)
			switch {
			case r == utf8.RuneError && size == 1:
				fmt.Fprintf(&b, "%s%02X", byteMark, name[0])
			case strings.HasPrefix(name, byteMark):
				b.WriteString(byteMark + byteMark)
			default:
				b.WriteString(name[:size])
			}
			name = name[size:]
		}
		return b.String()
	},
	Unescape: func(name string) (string, bool) {
		var b strings.Builder
		for {
			plain, rest, found := strings.Cut(name, byteMark)
			b.WriteString(plain)
			if !found {
				return b.String(), true
			}
			var escaped byte
			switch after, marked := strings.CutPrefix(rest, byteMark); {
			case marked:
				b.WriteString(byteMark)
				name = after
			case len(rest) >= 2 && hexByte(rest[:2], &escaped):
				b.WriteByte(escaped)
				name = rest[2:]
			default:
				return "", false
			}
		}
	},
}

// hexByte parses two hexadecimal digits.
func hexByte(digits string, to *byte) bool {
	n := 0
	for i := range 2 {
		v := strings.IndexByte("0123456789ABCDEF", digits[i])
		if v < 0 {
			return false
		}
		n = n<<4 | v
	}
	*to = byte(n)
	return true
}

// EscapeBytes converts a client's name, whose bytes need not be UTF-8, to the form for a [Path]: a
// byte that is not UTF-8 becomes "‛E9". It changes valid UTF-8 only if the name already has this
// form. Slashes separate elements, and each element is escaped separately.
func EscapeBytes(name string) string {
	if utf8.ValidString(name) && !strings.Contains(name, byteMark) {
		return name
	}
	return EachElement(name, byteEscapes.To)
}

// UnescapeBytes reverses [EscapeBytes]: it returns a name, or a Path, in the client's bytes.
func UnescapeBytes(name string) string {
	if !strings.Contains(name, byteMark) {
		return name
	}
	return EachElement(name, byteEscapes.From)
}

// EachElement returns path with f applied to each of its elements.
func EachElement(path string, f func(string) string) string {
	if !strings.Contains(path, "/") {
		return f(path)
	}
	elements := strings.Split(path, "/")
	for i, elem := range elements {
		elements[i] = f(elem)
	}
	return strings.Join(elements, "/")
}
