package vfs

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Escaping writes names so that all of them fit where only some do, and is undone without loss. To
// turns each name into one that fits, and From turns each that fits into what it stands for; either
// undoes the other, whatever the names are.
//
// A name that fits stays as it is, unless it is what To makes of one that does not: so names that
// need no escape do not change, but for those that look just like an escape.
type Escaping struct {
	// Fits reports whether a name needs no escape.
	Fits func(name string) bool
	// Escape returns a name that fits, another one for each name, and never a shorter one.
	Escape func(name string) string
	// Unescape returns the name of which Escape makes the given one, if there is any.
	Unescape func(name string) (string, bool)
}

// To returns the name that stands for name.
func (e *Escaping) To(name string) string {
	if !e.moves(name) {
		return name
	}
	return e.Escape(name)
}

// From returns the name for which name stands. What does not fit stands for itself.
func (e *Escaping) From(name string) string {
	if !e.Fits(name) {
		return name
	}
	if before, ok := e.before(name); ok && e.moves(before) {
		return before
	}
	return name
}

// moves reports whether To changes a name: it does not fit, or it is the escape of a name that is
// changed, whose place it would have otherwise. (This is the bijection of the theorem of Cantor and
// Bernstein, between all names and those that fit.)
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

// byteMark stands in front of the two digits of an escaped byte. rclone writes such bytes in the
// same way.
const byteMark = "‛"

// byteEscapes has bytes that are not UTF-8 as ‛E9, and ‛ as ‛‛.
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

// hexByte reads two digits.
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

// EscapeBytes returns what a client calls a file, whose bytes need not be UTF-8, as a [Path] has
// it: a byte that is not UTF-8 as "‛E9". It changes no valid UTF-8 but names that have that form
// already. A slash separates elements, each of which is escaped for itself.
func EscapeBytes(name string) string {
	if utf8.ValidString(name) && !strings.Contains(name, byteMark) {
		return name
	}
	return EachElement(name, byteEscapes.To)
}

// UnescapeBytes undoes [EscapeBytes]: it returns a name, or a Path, in the bytes that a client has
// for it.
func UnescapeBytes(name string) string {
	if !strings.Contains(name, byteMark) {
		return name
	}
	return EachElement(name, byteEscapes.From)
}

// EachElement returns a path with what f makes of each of its elements.
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
