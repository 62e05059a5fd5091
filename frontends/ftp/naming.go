package ftp

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"filegate/core/vfs"
)

// naming is the form of names on a client's connections.
//
// Characters that cannot be sent, because they are control characters or are not in the client's
// character set, are shown in a form such as \x0a, \u20ac or \U0001f642, and the client can use
// this form to refer to the file. If another name looks like this form, its backslashes are
// doubled. All other names are unchanged. See [vfs.Escaping].
type naming struct {
	charset *charset // nil: the client's names are UTF-8, or bytes in an unknown encoding
	quotes  vfs.Escaping
}

func newNaming(cs *charset) *naming {
	n := &naming{charset: cs}
	n.quotes = vfs.Escaping{Fits: n.fits, Escape: n.quote, Unescape: unquote}
	return n
}

// fromClient returns a client's name in the form for [vfs.Resolve].
func (n *naming) fromClient(name string) string {
	if n.charset == nil && !strings.Contains(name, `\`) {
		return name
	}
	name = vfs.EachElement(name, n.quotes.From)
	if n.charset != nil {
		// This client has only characters, and sees the escaped form of other bytes.
		return vfs.UnescapeBytes(name)
	}
	return name
}

// toClient returns a path or a name of the storage in the form for the client. It is still UTF-8,
// except for bytes in an unknown encoding.
func (n *naming) toClient(path string) string {
	if n.charset == nil {
		path = vfs.UnescapeBytes(path)
	}
	return vfs.EachElement(path, n.quotes.To)
}

// read returns a received command in UTF-8, or unchanged if the encoding is unknown.
func (n *naming) read(line []byte) ([]byte, bool) {
	if n.charset == nil {
		return line, true
	}
	return n.charset.decode(line)
}

// write returns text in the encoding for the client.
func (n *naming) write(text []byte) []byte {
	if n.charset == nil {
		return text
	}
	return n.charset.encode(text)
}

// fits reports whether a name can be sent unchanged.
func (n *naming) fits(name string) bool {
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		if !n.sayable(r, name[:size]) {
			return false
		}
		name = name[size:]
	}
	return true
}

// sayable reports whether a character, or a byte that is not part of one, can be sent unchanged.
// The byte 255 begins a telnet command.
func (n *naming) sayable(r rune, bytes string) bool {
	switch {
	case r == utf8.RuneError && len(bytes) == 1:
		return n.charset == nil && bytes[0] != telnetIAC
	case r < utf8.RuneSelf:
		return r >= ' ' && r != 0x7f
	case n.charset == nil:
		return vfs.EscapeControl(bytes) == bytes
	}
	encoded, ok := n.charset.encodeRune(r)
	for _, b := range encoded {
		ok = ok && b >= ' ' && b != 0x7f && b != telnetIAC
	}
	return ok
}

// firstByte is the smallest number that stands for a byte in the form \xff. Smaller numbers stand
// for characters.
const firstByte = 0xa0

func (n *naming) quote(name string) string {
	var b strings.Builder
	for len(name) > 0 {
		r, size := utf8.DecodeRuneInString(name)
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case n.sayable(r, name[:size]):
			b.WriteString(name[:size])
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, name[0])
		case r < firstByte:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		name = name[size:]
	}
	return b.String()
}

// unquote reverses quote. It returns false for a name that quote cannot have returned.
func unquote(name string) (string, bool) {
	var b strings.Builder
	for {
		plain, rest, found := strings.Cut(name, `\`)
		b.WriteString(plain)
		if !found {
			return b.String(), true
		}
		digits := 0
		if rest != "" {
			digits = map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
		}
		switch {
		case strings.HasPrefix(rest, `\`):
			b.WriteByte('\\')
		case digits == 0 || len(rest) <= digits:
			return "", false
		default:
			r, err := strconv.ParseUint(rest[1:1+digits], 16, 31)
			if err != nil || r == 0 || r == '/' {
				return "", false
			}
			if digits == 2 && r >= firstByte {
				b.WriteByte(byte(r))
			} else {
				b.WriteRune(rune(r))
			}
		}
		name = rest[1+digits:]
	}
}

// firstNames returns the form of names for a client that has not chosen one.
func (s *Server) firstNames() *naming { return cmp.Or(s.old, s.plain) }

// names returns the current form of the client's names.
func (d *driver) names() *naming { return d.client.control.names.Load() }

func (d *driver) toClient(path string) string { return d.names().toClient(path) }
