package sftp

import (
	"encoding/binary"
	"io"
	"sync"
	"time"

	"filegate/core/vfs"
)

const (
	// maxNames is the largest answer to READDIR, in bytes. ssh2 for Node before 1.3, and libssh2
	// before 1.5, accept no packet above 34,000 bytes.
	maxNames = 32000
	// entryOverhead is the size of an entry without its name, which is in it twice.
	entryOverhead = 140
)

// listing is an open directory. One request at a time reads it.
type listing struct {
	under vfs.Lister
	page  []vfs.Info // entries that are not sent yet
	err   error      // of the last fetch

	once   sync.Once
	closed error
}

func (l *listing) close() error {
	l.once.Do(func() { l.closed = l.under.Close() })
	return l.closed
}

// fetch fetches a page if all entries of the previous one are sent.
func (l *listing) fetch(c *channel) {
	if len(l.page) == 0 && l.err == nil {
		l.page, l.err = l.under.Next(c.ctx)
	}
}

// opendir also fetches the first page: some stores report only then that the directory does not
// exist.
func opendir(c *channel, r *request) ([]byte, error) {
	under, err := c.sess.List(c.ctx, r.names[0].Path)
	if err != nil {
		return nil, err
	}
	l := &listing{under: under}
	if l.fetch(c); l.err != nil && l.err != io.EOF {
		_ = l.close()
		return nil, l.err
	}
	return c.register(r, &handle{path: r.names[0].Path, dir: l}), nil
}

func readdir(c *channel, r *request) ([]byte, error) {
	l := r.handle.dir
	if l.fetch(c); len(l.page) == 0 {
		return nil, l.err
	}
	p := binary.BigEndian.AppendUint32(answer(typeName, r.id), 0)
	n, now := 0, time.Now()
	for _, info := range l.page {
		info.Name = vfs.UnescapeBytes(info.Name)
		if n > 0 && len(p)+2*len(info.Name)+entryOverhead > maxNames {
			break
		}
		p = appendString(p, info.Name)
		p = appendString(p, longName(info, now, c.sess.User(), c.sess.Group()))
		p = appendAttrs(p, info)
		n++
	}
	l.page = l.page[n:]
	binary.BigEndian.PutUint32(p[5:], uint32(n))
	return p, nil
}

func closeDir(_ *channel, r *request) ([]byte, error) { return nil, r.handle.dir.close() }
