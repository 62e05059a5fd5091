package ftp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// charset is the character set of clients that do not use UTF-8.
type charset struct {
	encoding.Encoding
	name string
}

var (
	errNoCharset   = errors.New("it is not known here")
	errUnlikeASCII = errors.New("it does not contain ASCII, which FTP commands need")
)

// newCharset returns the character set with a name in IANA's registry. It returns nil for UTF-8 and
// for an empty name.
func newCharset(name string) (*charset, error) {
	if name == "" {
		return nil, nil
	}
	e, err := ianaindex.IANA.Encoding(name)
	switch {
	case err != nil || e == nil:
		return nil, errNoCharset
	case e == unicode.UTF8:
		return nil, nil
	}
	c := &charset{e, name}
	ascii := []byte("\r\n")
	for b := byte(' '); b < 0x7f; b++ {
		ascii = append(ascii, b)
	}
	encoded, err := c.NewEncoder().Bytes(ascii)
	decoded, ok := c.decode(ascii)
	if err != nil || !ok || !bytes.Equal(encoded, ascii) || !bytes.Equal(decoded, ascii) {
		return nil, errUnlikeASCII
	}
	return c, nil
}

// decode returns text in UTF-8. It returns false for bytes that are not valid in the character set.
func (c *charset) decode(text []byte) ([]byte, bool) {
	out, err := c.NewDecoder().Bytes(text)
	return out, err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}

// encodeRune returns the bytes of a character, or false if it is not in the character set.
func (c *charset) encodeRune(r rune) ([]byte, bool) {
	if r < utf8.RuneSelf {
		return []byte{byte(r)}, true
	}
	if m, ok := c.Encoding.(*charmap.Charmap); ok {
		b, ok := m.EncodeRune(r)
		return []byte{b}, ok
	}
	b, err := c.NewEncoder().Bytes([]byte(string(r)))
	if err != nil {
		return nil, false
	}
	back, ok := c.decode(b) // some encodings replace characters by others
	return b, ok && string(back) == string(r)
}

// encode returns UTF-8 text in the character set. Characters that are not in it become question
// marks; names contain none of them, see [naming].
func (c *charset) encode(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		b, ok := c.encodeRune(r)
		if !ok {
			b = []byte("?")
		}
		out = append(out, b...)
		text = text[size:]
	}
	return out
}

func (c *Config) validateCharset(report func(attribute, summary, detail string)) {
	if _, err := newCharset(c.Charset); err != nil {
		report("charset", fmt.Sprintf("The character set %q cannot be used: %v", c.Charset, err),
			`Write its name as IANA has it, such as "windows-1252", "ISO-8859-15", "IBM850" or "Shift_JIS".`)
	}
}

// setUTF8 executes OPTS UTF8 ON and OFF.
func (c *client) setUTF8(value string) *reply {
	wanted := c.srv.plain
	if strings.EqualFold(strings.TrimSpace(value), "OFF") {
		if c.srv.old == nil {
			return &reply{code: 504, text: "Names are in UTF-8; no other character set is configured."}
		}
		wanted = c.srv.old
	}
	if d := c.driver; d != nil {
		cwd, err := d.resolve(".")
		if err != nil {
			return asReply(failure(err))
		}
		defer func() { c.cc.SetPath(d.toClient(string(cwd))) }()
	}
	c.control.names.Store(wanted)
	if wanted.charset != nil {
		return &reply{code: 200, text: "Names are in " + wanted.charset.name + "."}
	}
	return &reply{code: 200, text: "Names are in UTF-8."}
}
