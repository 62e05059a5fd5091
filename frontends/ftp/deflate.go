package ftp

import (
	"bufio"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
)

// defaultLevel is the compression level of MODE Z, unless the client sends OPTS MODE Z LEVEL.
const defaultLevel = 6

// finisher is a writer that must write something at the end.
type finisher interface {
	io.Writer
	finish() error
}

// sink returns the writer for the content of a transfer to the client. It converts the content as
// the client has requested.
func (s *dataStream) sink(text bool) finisher {
	f := &filter{stream: s, w: s}
	if s.deflated {
		f.z, _ = zlib.NewWriterLevel(s, s.level) // the level has been checked
		f.w = f.z
	}
	if text {
		f.w = &textWriter{w: f.w}
	}
	return f
}

type filter struct {
	stream *dataStream
	w      io.Writer
	z      *zlib.Writer // nil: not in MODE Z
}

func (f *filter) Write(p []byte) (int, error) { return f.w.Write(p) }

func (f *filter) finish() error {
	if f.z != nil {
		if err := f.z.Close(); err != nil {
			return err
		}
	}
	return f.stream.flush()
}

// source returns the reader for the content of a transfer from the client.
func (s *dataStream) source() io.Reader {
	var r io.Reader = s
	if s.deflated {
		r = &inflater{stream: s}
	}
	if s.text {
		r = &textReader{r: r}
	}
	return r
}

// inflater decompresses MODE Z. Damaged data counts as a failure of the data connection.
type inflater struct {
	stream *dataStream
	in     *bufio.Reader
	z      io.ReadCloser
}

func (i *inflater) Read(p []byte) (n int, err error) {
	if i.z == nil {
		i.in = bufio.NewReader(i.stream)
		if i.z, err = zlib.NewReader(i.in); err != nil {
			return 0, i.fail(err)
		}
	}
	n, err = i.z.Read(p)
	if err == io.EOF {
		// The rest up to the end of the connection shows whether the upload is complete.
		if _, err := io.Copy(io.Discard, io.LimitReader(i.in, maxTrailer)); err != nil {
			return n, i.fail(err)
		}
		return n, io.EOF
	}
	return n, i.fail(err)
}

// maxTrailer is how many bytes may follow the compressed data.
const maxTrailer = 4096

func (i *inflater) fail(err error) error {
	switch err {
	case nil:
		return nil
	case io.EOF: // before the first byte
		err = io.ErrUnexpectedEOF
	}
	if i.stream.failed == nil {
		i.stream.failed = err
	}
	return err
}

// setLevel executes OPTS MODE Z LEVEL n.
func (p *parameters) setLevel(arg string) *reply {
	fields := strings.Fields(strings.ToUpper(arg))
	if len(fields) == 3 && fields[0] == "Z" && fields[1] == "LEVEL" {
		if n, err := strconv.ParseUint(fields[2], 10, 8); err == nil && n <= 9 {
			p.level = int(n)
			return &reply{code: 200, text: "MODE Z LEVEL set to " + fields[2]}
		}
	}
	return &reply{code: 501, text: "Usage: OPTS MODE Z LEVEL n, with n from 0 to 9."}
}
