package ftp

import (
	"bytes"
	"io"
)

// textBuffer is how many bytes of text are converted at a time.
const textBuffer = 64 << 10

// textWriter converts line ends to CR LF, for TYPE A. It keeps CR LF.
type textWriter struct {
	w   io.Writer
	cr  bool // the last byte was a CR
	out []byte
}

func (t *textWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), textBuffer)]
		t.out = t.out[:0]
		for rest := part; len(rest) > 0; {
			line, after, ended := bytes.Cut(rest, []byte("\n"))
			rest = after
			t.out = append(t.out, line...)
			if len(line) > 0 {
				t.cr = line[len(line)-1] == '\r'
			}
			if ended {
				if !t.cr {
					t.out = append(t.out, '\r')
				}
				t.out = append(t.out, '\n')
				t.cr = false
			}
		}
		if _, err := t.w.Write(t.out); err != nil {
			return n, err
		}
		n += len(part)
		p = p[len(part):]
	}
	return n, nil
}

// textReader converts CR LF to LF. It keeps a CR that is not followed by LF.
type textReader struct {
	r    io.Reader
	in   [textBuffer]byte
	left []byte // part of in that is not converted
	cr   bool   // a CR was read that may belong to a line end
	err  error
}

func (t *textReader) Read(p []byte) (n int, err error) {
	for n == 0 && len(p) > 0 {
		if len(t.left) == 0 && t.err == nil {
			var got int
			got, t.err = t.r.Read(t.in[:])
			t.left = t.in[:got]
		}
		if len(t.left) == 0 && t.err != nil {
			if t.cr {
				t.cr = false
				p[0] = '\r'
				return 1, nil
			}
			return 0, t.err
		}
		n = t.convert(p)
	}
	return n, nil
}

// convert converts bytes from left to p, as many as fit.
func (t *textReader) convert(p []byte) (n int) {
	for n < len(p) && len(t.left) > 0 {
		b := t.left[0]
		switch {
		case t.cr && b == '\n':
			t.cr = false
		case t.cr:
			t.cr = false
			p[n] = '\r'
			n++
			continue
		case b == '\r':
			t.cr = true
			t.left = t.left[1:]
			continue
		}
		p[n] = b
		n++
		t.left = t.left[1:]
	}
	return n
}
