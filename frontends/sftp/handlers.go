package sftp

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/pkg/sftp"

	"filegate/core/session"
	"filegate/core/vfs"
)

// handlers answers the requests of one channel.
type handlers struct {
	ctx  context.Context // the channel's: the library brings none that ends with it
	sess *session.Session
	open handles
}

var (
	_ sftp.FileReader           = (*handlers)(nil)
	_ sftp.OpenFileWriter       = (*handlers)(nil)
	_ sftp.PosixRenameFileCmder = (*handlers)(nil)
	_ sftp.StatVFSFileCmder     = (*handlers)(nil)
	_ sftp.RealPathFileLister   = (*handlers)(nil)
	_ sftp.NameLookupFileLister = (*handlers)(nil)
)

func resolve(name string) (vfs.Path, error) { return vfs.Resolve(vfs.Root, name) }

// Fileread opens a file for reading.
func (h *handlers) Fileread(r *sftp.Request) (_ io.ReaderAt, err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return nil, status(err)
	}
	f, err := h.sess.Open(h.ctx, name, vfs.OpenOptions{})
	if err != nil {
		return nil, status(err)
	}
	rd := &reader{file: f, sess: h.sess}
	rd.forget = h.open.add(r, rd)
	return rd, nil
}

// Filewrite opens a file for writing.
func (h *handlers) Filewrite(r *sftp.Request) (_ io.WriterAt, err error) { return h.openWriter(r) }

// OpenFile opens a file for reading and writing.
func (h *handlers) OpenFile(r *sftp.Request) (_ sftp.WriterAtReaderAt, err error) {
	return h.openWriter(r)
}

func (h *handlers) openWriter(r *sftp.Request) (_ *writer, err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return nil, status(err)
	}
	flags := r.Pflags()
	w, err := h.sess.OpenWriter(h.ctx, name, vfs.WriteOptions{
		Create: flags.Creat, Exclusive: flags.Excl, Truncate: flags.Trunc, Read: flags.Read,
	})
	if err != nil {
		return nil, status(err)
	}
	wr := &writer{under: w, ctx: h.ctx, sess: h.sess}
	wr.forget = h.open.add(r, wr)
	return wr, nil
}

// Filecmd does what opens nothing.
func (h *handlers) Filecmd(r *sftp.Request) (err error) {
	defer recoverTo(&err, h.sess)
	if r.Method == "Symlink" { // of which the path is the target, and no name to resolve
		return status(h.symlink(r.Filepath, r.Target))
	}
	name, err := resolve(r.Filepath)
	if err != nil {
		return status(err)
	}
	switch r.Method {
	case "Setstat":
		return status(h.setStat(name, r))
	case "Mkdir":
		return status(h.sess.Mkdir(h.ctx, name))
	case "Remove":
		return status(h.sess.Remove(h.ctx, name))
	case "Rmdir":
		return status(h.sess.Rmdir(h.ctx, name))
	case "Rename":
		to, err := resolve(r.Target)
		if err != nil {
			return status(err)
		}
		return status(h.sess.Rename(h.ctx, name, to, vfs.RenameOptions{}))
	}
	return status(vfs.ErrUnsupported) // hard links
}

// PosixRename is posix-rename@openssh.com: unlike RENAME it replaces a file, or an empty directory by another directory.
func (h *handlers) PosixRename(r *sftp.Request) (err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return status(err)
	}
	to, err := resolve(r.Target)
	if err != nil {
		return status(err)
	}
	return status(h.sess.Rename(h.ctx, name, to, vfs.RenameOptions{Replace: true}))
}

// setStat sets the size and attributes of a file by its name. The library turns FSETSTAT into it, and the session knows which open
// file is meant. One that sets nothing is what the filter makes of fsync, and one that sets [copyData] what it makes of that.
func (h *handlers) setStat(name vfs.Path, r *sftp.Request) error {
	has, stat := r.AttrFlags(), r.Attributes()
	if stat == nil {
		return vfs.Errorf(vfs.ErrInvalid, "malformed attributes")
	}
	for _, e := range stat.Extended {
		if e.ExtType == copyData {
			return h.copyData(e.ExtData)
		}
	}
	if has.Size {
		if err := h.sess.Truncate(h.ctx, name, int64(stat.Size)); err != nil {
			return err
		}
	}
	var attrs vfs.Attrs
	if has.Permissions {
		mode := stat.FileMode() & fs.ModePerm
		attrs.Mode = &mode
	}
	if has.Acmodtime {
		modified, accessed := time.Unix(int64(stat.Mtime), 0), time.Unix(int64(stat.Atime), 0)
		attrs.ModTime, attrs.AccessTime = &modified, &accessed
	}
	if has.UidGid {
		uid, gid := int(stat.UID), int(stat.GID)
		attrs.UID, attrs.GID = &uid, &gid
	}
	if attrs.IsZero() {
		return nil
	}
	return h.sess.SetAttrs(h.ctx, name, attrs)
}

const (
	blockSize = 4096
	// noLimit is the space that is told where there is none: 1 PiB, which every client can compute with.
	noLimit = 1 << 50
	// maxName is the longest name that is told: what Linux has. Whether a name will do only the store knows.
	maxName = 255
)

// StatVFS is statvfs@openssh.com.
func (h *handlers) StatVFS(r *sftp.Request) (_ *sftp.StatVFS, err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return nil, status(err)
	}
	space, err := h.sess.StatSpace(h.ctx, name)
	if err != nil {
		return nil, status(err)
	}
	used := max(space.Used, 0)
	free, total := space.Free, space.Total
	switch {
	case free < 0 && total < 0:
		free, total = noLimit, noLimit+used
	case free < 0:
		free = max(total-used, 0)
	case total < 0:
		total = free + used
	}
	return &sftp.StatVFS{
		Bsize: blockSize, Frsize: blockSize, Namemax: maxName,
		Blocks: uint64(total) / blockSize, Bfree: uint64(free) / blockSize, Bavail: uint64(free) / blockSize,
	}, nil
}
