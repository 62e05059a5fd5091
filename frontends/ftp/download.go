package ftp

import (
	"context"
	"fmt"
	"io"

	"filegate/core/vfs"
)

// retr executes RETR, from the offset of REST on, or the range of RANG.
func (c *client) retr(d *driver, name string) *reply {
	text, deflated, rest, span := c.params.text, c.params.deflated, c.params.rest, c.params.span
	return c.move(d, joinCommand("RETR", name), func(ctx context.Context) (payload, error) {
		p, err := d.resolve(name)
		if err != nil {
			return nil, err
		}
		offset := rest
		if span != nil {
			offset = span.first
		}
		f, err := d.session.Open(ctx, p, vfs.OpenOptions{Offset: offset})
		if err != nil {
			return nil, err
		}
		size := f.Info().Size
		if offset > size { // at the end exactly, nothing is left to send
			_ = f.Close() // nothing was read, so the error does not matter
			return nil, errBeyondEnd
		}
		left := size - offset
		if span != nil {
			left = span.within(size)
		}
		return &download{File: f, left: left, limited: span != nil, shown: !text && !deflated}, nil
	})
}

// download is a file that is sent to the client.
type download struct {
	vfs.File
	left    int64 // bytes to send
	limited bool  // stop after left bytes
	shown   bool  // as many bytes go over the network
}

// announce returns the text of the reply 150, with the size in a form that clients look for.
func (d *download) announce() string {
	if !d.shown {
		return "The file follows."
	}
	return fmt.Sprintf("The file follows (%d bytes).", d.left)
}

func (d *download) carry(_ *transfer, s *dataStream) error {
	sink := s.sink(s.text)
	var w io.Writer = sink
	if d.limited {
		w = &limitedWriter{w: sink, left: d.left}
	}
	_, err := d.WriteTo(w)
	if err == errEnough && s.failed == nil {
		err = nil
	}
	if err == nil {
		err = sink.finish()
	}
	if s.failed != nil {
		return errDataLost
	}
	return failure(err)
}

// errEnough ends reading after the requested range.
var errEnough = &reply{code: 226, text: "The transfer is complete."}

// limitedWriter writes the bytes that are left, and then returns errEnough.
type limitedWriter struct {
	w    io.Writer
	left int64
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) < l.left {
		n, err := l.w.Write(p)
		l.left -= int64(n)
		return n, err
	}
	n, err := l.w.Write(p[:l.left])
	l.left -= int64(n)
	if err == nil {
		err = errEnough
	}
	return n, err
}
