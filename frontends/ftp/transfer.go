package ftp

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/vfs"
)

// asciiBuffer is what reads of the library's conversion to lines end are made with: it panics when it is given less than two bytes to fill.
const asciiBuffer = 64 << 10

var (
	_ ftpserver.FileTransfer      = (*upload)(nil)
	_ ftpserver.FileTransferError = (*upload)(nil)
	_ ftpserver.FileTransfer      = (*download)(nil)
)

// GetHandle serves RETR, LIST and NLST (see [listRequest]), STOR and APPE. REST n before STOR writes from n on and keeps what is there.
func (d *driver) GetHandle(name string, flags int, offset int64) (handle ftpserver.FileTransfer, err error) {
	if err := d.client.enter(); err != nil {
		return nil, err
	}
	defer d.client.leave()
	defer recoverTo(&err, d.session.Log())
	d.client.noData()
	if l := d.client.control.listings.take(name); l != nil {
		return d.list(l)
	}
	size := d.size
	d.size = 0
	p, err := vfs.Resolve(vfs.Root, name)
	if err != nil {
		return nil, failure(err)
	}
	if flags&os.O_WRONLY == 0 {
		f, err := d.session.Open(d.session.Context(), p, vfs.OpenOptions{Offset: offset})
		if err != nil {
			return nil, failure(err)
		}
		if offset > f.Info().Size { // exactly at the end, nothing is left to fetch
			_ = f.Close() // nothing was read
			return nil, errBeyondEnd
		}
		return &download{driver: d, file: f, next: offset}, nil
	}
	opts := vfs.WriteOptions{Create: true, Truncate: flags&os.O_TRUNC != 0, Offset: offset, Size: size}
	restart := offset
	if flags&os.O_APPEND != 0 {
		opts.Offset, restart = vfs.AtEnd, d.client.control.appendFrom.Swap(0)
	}
	if restart > 0 {
		if err := d.reaches(p, restart); err != nil {
			return nil, err
		}
	}
	w, err := d.session.OpenWriter(d.session.Context(), p, opts)
	if err != nil {
		if offset > 0 && vfs.Kind(err) == vfs.ErrInvalid {
			return nil, errBeyondEnd
		}
		return nil, failure(err)
	}
	d.client.uploading.Add(1)
	return &upload{driver: d, writer: w}, nil
}

// reaches returns an error where less than offset bytes are there to go on from: the gap would be filled with zeros that nobody has sent.
// Where the client may not look, the backend decides.
func (d *driver) reaches(p vfs.Path, offset int64) error {
	info, err := d.session.Stat(d.session.Context(), p)
	if vfs.Kind(err) == vfs.ErrNotExist || err == nil && !info.IsDir() && info.Size < offset {
		return errBeyondEnd
	}
	return nil
}

// download is a file on its way to the client.
type download struct {
	*driver
	file vfs.File
	next int64 // where Read goes on
}

// WriteTo is how the library copies, unless it converts line ends.
func (d *download) WriteTo(w io.Writer) (n int64, err error) {
	if err := d.client.enter(); err != nil {
		return 0, err
	}
	defer d.client.leave()
	defer recoverTo(&err, d.session.Log())
	to := &sink{w: w, timeout: d.client.srv.cfg.DataTimeout}
	n, err = d.file.WriteTo(to)
	if conn := d.client.dataConn(); err == nil && conn != nil {
		to.err = conn.Flush() // the library takes no notice when that fails
	}
	if to.err != nil {
		return n, errDataLost
	}
	return n, failure(err)
}

// Read serves the conversion of line ends.
func (d *download) Read(p []byte) (n int, err error) {
	if err := d.client.enter(); err != nil {
		return 0, err
	}
	defer d.client.leave()
	defer recoverTo(&err, d.session.Log())
	n, err = d.file.ReadAt(p, d.next)
	d.next += int64(n)
	if err == io.EOF {
		return n, err
	}
	return n, failure(err)
}

func (d *download) Close() (err error) {
	defer recoverTo(&err, d.session.Log())
	return failure(d.file.Close())
}

func (d *download) Write([]byte) (int, error)               { return 0, errNotCalled }
func (d *download) Seek(offset int64, _ int) (int64, error) { return offset, nil } // GetHandle has done it

// upload is a file on its way from the client. It is published when the library closes it after a transfer that was complete, and never else.
type upload struct {
	*driver
	writer vfs.Writer
	failed error // why there is nothing to publish
}

// ReadFrom is how the library copies.
func (u *upload) ReadFrom(r io.Reader) (n int64, err error) {
	if err := u.client.enter(); err != nil {
		return 0, err
	}
	defer u.client.leave()
	defer recoverTo(&err, u.session.Log())
	from := &source{r: r, timeout: u.client.srv.cfg.DataTimeout}
	if _, plain := r.(net.Conn); !plain {
		from.r = bufio.NewReaderSize(r, asciiBuffer)
	}
	n, err = u.writer.ReadFrom(from)
	switch {
	case from.err != nil:
		return n, errDataLost
	case err != nil:
		return n, failure(err)
	}
	return n, u.ending()
}

// Write is called with nothing at the end of an empty upload.
func (u *upload) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := u.ReadFrom(bytes.NewReader(p))
	return int(n), err
}

// TransferError is called when a transfer was not complete: it broke, was aborted, or never began.
func (u *upload) TransferError(err error) { u.failed = err }

// Close publishes. Its error is the client's answer in place of 226.
func (u *upload) Close() (err error) {
	defer u.client.uploading.Add(-1)
	if err := u.client.enter(); err != nil {
		return err // the session is closing what is open
	}
	defer u.client.leave()
	defer recoverTo(&err, u.session.Log())
	defer u.writer.Close()
	switch {
	case u.failed != nil:
		return failure(u.failed)
	case u.abandoned():
		return errDataLost
	}
	if _, err = u.writer.Commit(u.session.Context()); err != nil {
		u.abandoned()
	}
	return failure(err)
}

func (u *upload) Read([]byte) (int, error)                { return 0, errNotCalled }
func (u *upload) Seek(offset int64, _ int) (int64, error) { return offset, nil } // GetHandle has done it

// source reads from the client, and remembers when that fails: whose fault a failed upload was decides what the client is told.
// Its deadlines are for active mode, where the connection is the library's own.
type source struct {
	r       io.Reader
	timeout time.Duration
	err     error
}

func (s *source) Read(p []byte) (int, error) {
	if c, ok := s.r.(net.Conn); ok {
		c.SetReadDeadline(time.Now().Add(s.timeout))
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// sink is the same for writing to the client.
type sink struct {
	w       io.Writer
	timeout time.Duration
	err     error
}

func (s *sink) Write(p []byte) (int, error) {
	if c, ok := s.w.(net.Conn); ok {
		c.SetWriteDeadline(time.Now().Add(s.timeout))
	}
	n, err := s.w.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}
