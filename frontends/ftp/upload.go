package ftp

import (
	"context"
	"crypto/rand"
	"io/fs"
	"strings"

	"filegate/core/vfs"
)

// stor executes STOR and STOU. With an offset from REST it writes from there on, and keeps the
// existing content.
func (c *client) stor(d *driver, name, announcement string) *reply {
	rest := c.params.rest
	return c.upload(d, joinCommand("STOR", name), name, announcement, rest, vfs.WriteOptions{Truncate: rest == 0, Offset: rest})
}

// stou executes STOU. The form of the reply is that of RFC 1123, section 4.1.2.9.
func (c *client) stou(d *driver) *reply {
	name := "ftp-" + strings.ToLower(rand.Text()[:16]) // no file has this name
	c.params.rest = 0
	return c.stor(d, name, "FILE: "+name)
}

// appe executes APPE.
func (c *client) appe(d *driver, name string) *reply {
	return c.upload(d, joinCommand("APPE", name), name, "Send the rest of the file.", c.params.rest, vfs.WriteOptions{Offset: vfs.AtEnd})
}

func (c *client) upload(d *driver, command, name, announcement string, rest int64, opts vfs.WriteOptions) *reply {
	if name == "" {
		return errNoPath
	}
	opts.Create, opts.Size = true, c.params.size
	c.params.size = 0
	if c.params.umask != nil {
		opts.Mode = new(fs.FileMode(0o666) &^ *c.params.umask)
	}
	return c.move(d, command, func(ctx context.Context) (payload, error) {
		p, err := d.resolve(name)
		if err != nil {
			return nil, err
		}
		if rest > 0 {
			if err := d.reaches(ctx, p, rest); err != nil {
				return nil, err
			}
		}
		w, err := d.session.OpenWriter(ctx, p, opts)
		if err != nil {
			if rest > 0 && vfs.Kind(err) == vfs.ErrInvalid {
				return nil, errBeyondEnd
			}
			return nil, err
		}
		c.uploading.Add(1)
		return &upload{driver: d, Writer: w, announcement: announcement}, nil
	})
}

// reaches returns an error if the file has fewer than offset bytes: the gap would be filled with
// zeros that nobody has sent. If the client may not see the file, the backend decides.
func (d *driver) reaches(ctx context.Context, p vfs.Path, offset int64) error {
	info, err := d.session.Stat(ctx, p)
	if vfs.Kind(err) == vfs.ErrNotExist || err == nil && !info.IsDir() && info.Size < offset {
		return errBeyondEnd
	}
	return nil
}

// upload is a file that is received from the client. It is committed only if it has arrived
// completely.
type upload struct {
	*driver
	vfs.Writer
	announcement string
}

func (u *upload) announce() string { return u.announcement }

func (u *upload) carry(t *transfer, s *dataStream) error {
	_, err := u.ReadFrom(s.source())
	switch {
	case s.failed != nil:
		return errDataLost
	case err != nil:
		return failure(err)
	}
	if err := u.ending(s); err != nil {
		return err
	}
	if u.abandoned() {
		return errDataLost
	}
	if !t.seal() {
		return errAborted
	}
	if _, err = u.Commit(u.session.Context()); err != nil {
		u.abandoned()
	}
	return failure(err)
}

func (u *upload) Close() error {
	defer u.client.uploading.Add(-1)
	return u.Writer.Close()
}
