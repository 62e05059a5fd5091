package ftp

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"filegate/core/vfs"
)

// naming is how names are written on a client's connections.
//
// What cannot be written there, a control character, or one that the client's character set does
// not have, is shown as \x0a, \u20ac or \U0001f642, and a name in that form leads to the file
// again. Any other name is what it is, but for one that looks just like that form: it has its
// backslashes twice. See [vfs.Escaping].
type naming struct {
	charset *charset // nil: the client's names are UTF-8, or bytes of which nothing is known
	quotes  vfs.Escaping
}

func newNaming(cs *charset) *naming {
	n := &naming{charset: cs}
	n.quotes = vfs.Escaping{Fits: n.fits, Escape: n.quote, Unescape: unquote}
	return n
}

// received returns what a client has written as a name, without quotes, as [vfs.Resolve] takes it.
func (n *naming) received(name string) string {
	if n.charset == nil && !strings.Contains(name, `\`) {
		return name
	}
	name = vfs.EachElement(name, n.quotes.From)
	if n.charset != nil {
		return vfs.UnescapeBytes(name) // this client has characters only, and sees the escape of a byte as such
	}
	return name
}

// say returns a path, or a name, of the storage as the client is to read it. It is in UTF-8 still,
// but for bytes of which nothing is known.
func (n *naming) say(path string) string {
	if n.charset == nil {
		path = vfs.UnescapeBytes(path)
	}
	return vfs.EachElement(path, n.quotes.To)
}

// read returns a command as it is dealt with here: in UTF-8, or in bytes of which nothing is known.
func (n *naming) read(line []byte) ([]byte, bool) {
	if n.charset == nil {
		return line, true
	}
	return n.charset.decode(line)
}

// write returns a text as it is sent.
func (n *naming) write(text []byte) []byte {
	if n.charset == nil {
		return text
	}
	return n.charset.encode(text)
}

// fits reports whether a name can be sent as it is.
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

// sayable reports whether a character, or a byte that is none, can be sent as it is. 255 begins a
// command of telnet.
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

// firstByte is the least number that stands for a byte in the form \xff. Less are characters.
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

// unquote returns what quote makes a name of, or reports false where it makes none such.
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

// firstNames is how names are written before a client says more.
func (s *Server) firstNames() *naming { return cmp.Or(s.old, s.plain) }

// names is how the client's names are written at present.
func (d *driver) names() *naming { return d.client.control.names.Load() }

func (d *driver) say(path string) string { return d.names().say(path) }
