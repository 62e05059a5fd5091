package sftp

import (
	"github.com/pkg/sftp"

	"filegate/core/vfs"
)

// A link is shown as a relative name, from the directory that it is in: a mounted server is somewhere else in the client's own tree, where an
// absolute one would lead astray (sshfs leaves following to the kernel, and by default lets no absolute one through), and all clients understand a relative one.

var (
	_ sftp.LstatFileLister    = (*handlers)(nil)
	_ sftp.ReadlinkFileLister = (*handlers)(nil)
)

// Lstat describes one entry, which may be a link.
func (h *handlers) Lstat(r *sftp.Request) (_ sftp.ListerAt, err error) {
	defer recoverTo(&err, h.sess)
	name, err := resolve(r.Filepath)
	if err != nil {
		return nil, status(err)
	}
	info, err := h.sess.Lstat(h.ctx, name)
	if err != nil {
		return nil, status(err)
	}
	return single{newEntry(info)}, nil
}

// Readlink tells what a link leads to.
func (h *handlers) Readlink(name string) (_ string, err error) {
	defer recoverTo(&err, h.sess)
	p, err := resolve(name)
	if err != nil {
		return "", status(err)
	}
	target, err := h.sess.Readlink(h.ctx, p)
	if err != nil {
		return "", status(err)
	}
	return target.From(p.Dir()), nil
}

// symlink makes a link. The arguments have the order in which OpenSSH sends them, which is not that of the draft: all clients in use do as OpenSSH.
func (h *handlers) symlink(target, link string) error {
	name, err := resolve(link)
	if err != nil {
		return err
	}
	to, err := vfs.ResolveTarget(name, target)
	if err != nil {
		return err
	}
	return h.sess.Symlink(h.ctx, to, name)
}
