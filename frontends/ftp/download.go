package ftp

import (
	"context"
	"fmt"
	"io"

	"filegate/core/vfs"
)

// retr executes RETR, from REST on or as far as RANG says.
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
		if offset > size { // exactly at the end, nothing is left to fetch
			_ = f.Close() // nothing was read
			return nil, errBeyondEnd
		}
		left := size - offset
		if span != nil {
			left = span.within(size)
		}
		return &download{File: f, left: left, limited: span != nil, shown: !text && !deflated}, nil
	})
}

// download is a file on its way to the client.
type download struct {
	vfs.File
	left    int64 // bytes to send
	limited bool  // to them
	shown   bool  // they are as many on the network
}

// announce tells the size in a form that clients look for.
func (d *download) announce() string {
	if !d.shown {
		return "The file follows."
	}
	return fmt.Sprintf("The file follows (%d bytes).", d.left)
}

func (d *download) carry(_ *transfer, s *stream) error {
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

// errEnough ends reading behind what a client has asked for.
var errEnough = &reply{code: 226, text: "The transfer is complete."}

// limitedWriter takes as many bytes as are left, and ends with errEnough.
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
