package sftp

import (
	"context"
	"io"
	"io/fs"
	"math"
	"syscall"
	"time"

	"github.com/pkg/sftp"

	"filegate/core/session"
	"filegate/core/vfs"
)

// maxNames is how large an answer to READDIR may become, in bytes: sshfs takes 128 KiB, others 256 KiB.
const maxNames = 100 << 10

// Filelist opens a directory, or describes one entry.
func (h *handlers) Filelist(r *sftp.Request) (_ sftp.ListerAt, err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return nil, status(err)
	}
	switch r.Method {
	case "List":
		l, err := h.sess.List(h.ctx, name)
		if err != nil {
			return nil, status(err)
		}
		return &lister{under: l, ctx: h.ctx, sess: h.sess}, nil
	case "Stat":
		return h.stat(name)
	}
	return nil, status(vfs.ErrUnsupported)
}

func (h *handlers) stat(name vfs.Path) (sftp.ListerAt, error) {
	info, err := h.sess.Stat(h.ctx, name)
	if err != nil {
		return nil, status(err)
	}
	return single{newEntry(info)}, nil
}

// RealPath makes a path absolute. It is not looked up.
func (h *handlers) RealPath(name string) (_ string, err error) {
	defer recoverTo(&err, h.sess)
	p, err := resolve(name)
	return p.String(), status(err)
}

// LookupUserName and LookupGroupName name the owner in the long form of a listing: the login, unless a client has given the file to somebody else,
// of whom only the number is known.
func (h *handlers) LookupUserName(uid string) string { return nameOf(uid, h.sess.User()) }

// LookupGroupName is like LookupUserName.
func (h *handlers) LookupGroupName(gid string) string { return nameOf(gid, h.sess.Group()) }

func nameOf(id, login string) string {
	if id == "0" {
		return login
	}
	return id
}

// lister is a directory that is open. The library asks for the entries one after the other.
type lister struct {
	under vfs.Lister
	ctx   context.Context // the channel's
	sess  *session.Session
	page  []vfs.Info // what has been fetched and not given out
}

func (l *lister) ListAt(out []fs.FileInfo, _ int64) (n int, err error) {
	defer recoverTo(&err, l.sess)
	size := 0
	for n < len(out) {
		if len(l.page) == 0 {
			if n > 0 {
				return n, nil // rather than wait for the store with something in hand
			}
			l.page, err = l.under.Next(l.ctx)
			if err != nil {
				return 0, status(err)
			}
		}
		// An entry has its name, its long form with the name again, and attributes.
		size += 2*len(l.page[0].Name) + 128
		if n > 0 && size > maxNames {
			return n, nil
		}
		out[n] = newEntry(l.page[0])
		l.page = l.page[1:]
		n++
	}
	return n, nil
}

func (l *lister) Close() (err error) {
	defer recoverTo(&err, l.sess)
	return status(l.under.Close())
}

var _ sftp.FileInfoUidGid = entry{}

// single is the lister that Stat wants.
type single struct{ fs.FileInfo }

func (s single) ListAt(out []fs.FileInfo, _ int64) (int, error) {
	out[0] = s.FileInfo
	return 1, io.EOF
}

// newEntry makes of a vfs.Info what the library wants.
func newEntry(info vfs.Info) fs.FileInfo {
	if info.Links > 1 {
		return manyLinks{entry{info}}
	}
	return entry{info}
}

// entry is what has one link, as most have.
type entry struct{ info vfs.Info }

func (e entry) Name() string      { return e.info.Name }
func (e entry) Size() int64       { return e.info.Size }
func (e entry) Mode() fs.FileMode { return e.info.Mode }
func (e entry) IsDir() bool       { return e.info.IsDir() }
func (e entry) Sys() any          { return nil }

// Uid and Gid are there for all files: OpenSSH's client refuses to change what it is not told.
func (e entry) Uid() uint32 { return uint32(e.info.UID) } //nolint:revive,staticcheck // the library's names
func (e entry) Gid() uint32 { return uint32(e.info.GID) } //nolint:staticcheck // likewise

// ModTime is within what version 3 can say: seconds since 1970 in 32 bits.
func (e entry) ModTime() time.Time {
	return time.Unix(min(max(e.info.ModTime.Unix(), 0), math.MaxUint32), 0)
}

// manyLinks is an entry with a number of links to show. The library takes that from nothing but a file of the system's own, and only where it finds
// the owner nowhere else: the methods Uid and Gid are not among these.
type manyLinks struct{ fs.FileInfo }

func (m manyLinks) Sys() any {
	info := m.FileInfo.(entry).info
	stat := &syscall.Stat_t{Uid: uint32(info.UID), Gid: uint32(info.GID)}
	setNumber(&stat.Nlink, info.Links)
	return stat
}

// setNumber sets a field whose type is another one on each kind of machine.
func setNumber[T uint16 | uint32 | uint64](field *T, n int64) { *field = T(n) }
