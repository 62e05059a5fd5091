package ftp

import (
	"strconv"
	"strings"
)

// span is a part of a file, from RANG or the XCRC commands.
type span struct{ first, end int64 } // offsets of the first byte and after the last

// within returns how many bytes of the span are in a file of this size.
func (s *span) within(size int64) int64 { return max(min(s.end, size)-s.first, 0) }

// setSpan executes RANG (draft-bryan-ftp-range). The range includes its last byte. RANG 1 0 resets
// it.
func (p *parameters) setSpan(arg string) *reply {
	fields := strings.Fields(arg)
	if len(fields) != 2 {
		return &reply{code: 501, text: "Usage: RANG first last."}
	}
	first, ok := parseOffset(fields[0])
	last, ok2 := parseOffset(fields[1])
	switch {
	case !ok || !ok2 || last == maxOffset:
		return &reply{code: 501, text: "RANG takes two numbers of bytes."}
	case first == 1 && last == 0:
		p.span = nil
		return &reply{code: 350, text: "The next transfer sends the whole file."}
	case first > last:
		return &reply{code: 501, text: "The end of the range is before its start."}
	case p.text:
		return &reply{code: 501, text: "RANG does not work in TYPE A, where line ends change the positions of bytes; use TYPE I."}
	}
	p.span, p.rest = &span{first, last + 1}, 0
	return &reply{code: 350, text: "The next transfer sends this range."}
}

const maxOffset = 1<<63 - 1

// parseOffset parses a number of bytes. Only digits are allowed.
func parseOffset(s string) (n int64, ok bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// fileSpan parses the argument of XCRC and similar commands: a name, which may be quoted, and up to
// two numbers, the offsets of the first byte and after the last. The name of a file may itself end
// in numbers: isFile reports whether a file with a name exists.
func fileSpan(arg string, isFile func(name string) bool) (name string, part *span, r *reply) {
	wrong := &reply{code: 501, text: "Give a path, or a path, the first byte, and the byte after the last."}
	arg = strings.TrimLeft(arg, " ")
	rest := ""
	if strings.HasPrefix(arg, `"`) {
		quoted, after, ok := strings.Cut(arg[1:], `"`)
		if !ok || after != "" && after[0] != ' ' {
			return "", nil, wrong
		}
		name, rest = quoted, after
	} else {
		name = arg
		for range 2 {
			i := strings.LastIndexByte(name, ' ')
			if i < 0 || isFile(name) {
				break
			}
			if _, ok := parseOffset(name[i+1:]); !ok {
				break
			}
			rest = name[i:] + rest
			name = strings.TrimRight(name[:i], " ")
		}
	}
	if name == "" {
		return "", nil, wrong
	}
	numbers := strings.Fields(rest)
	if len(numbers) == 0 {
		return name, nil, nil
	}
	part = &span{0, maxOffset}
	ok, ok2 := false, true
	part.first, ok = parseOffset(numbers[0])
	if len(numbers) > 1 {
		part.end, ok2 = parseOffset(numbers[1])
	}
	if len(numbers) > 2 || !ok || !ok2 || part.first > part.end {
		return "", nil, wrong
	}
	return name, part, nil
}
