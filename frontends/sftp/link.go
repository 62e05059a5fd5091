package sftp

import (
	"strings"

	"filegate/core/vfs"
)

// A link is shown as a relative name, from the directory that it is in: a mounted server is
// somewhere else in the client's own tree, where an absolute one would lead astray (sshfs leaves
// following to the kernel, and by default lets no absolute one through), and all clients understand
// a relative one.

// lstat describes one entry, which may be a link: that has the length of its target for a size, as
// in POSIX.
func lstat(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if n.Dir {
		return stat(c, r) // the slash has it followed
	}
	info, err := c.sess.Lstat(c.ctx, n.Path)
	if err != nil {
		return nil, err
	}
	if info.IsLink() && info.Size == 0 {
		if target, err := c.sess.Readlink(c.ctx, n.Path); err == nil {
			info.Size = int64(len(target.From(n.Path.Dir())))
		}
	}
	return attrsPacket(r.id, info), nil
}

// readlink tells what a link leads to.
func readlink(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if err := c.present(n); err != nil {
		return nil, err
	}
	if n.Dir {
		return nil, vfs.ErrNoLink
	}
	target, err := c.sess.Readlink(c.ctx, n.Path)
	if err != nil {
		return nil, err
	}
	return namePacket(r.id, target.From(n.Path.Dir())), nil
}

// draftClients are the beginnings of the names of clients that send the names of SYMLINK in the
// order of the draft, the link's first, to a server that does not call itself OpenSSH. All others
// send the target's first, as OpenSSH does.
var draftClients = []string{"libssh_", "libssh-", "phpseclib", "WinSCP", "AsyncSSH", "ssh2js"}

// sendsLinkFirst reports whether a program sends the names of SYMLINK in the order of the draft.
func sendsLinkFirst(program string) bool {
	for _, name := range draftClients {
		if strings.HasPrefix(program, name) {
			return true
		}
	}
	return false
}

// checkSymlink tells the two names of a SYMLINK from each other: the link's becomes the request's
// name, and raw the target.
func (r *request) checkSymlink(c *channel) error {
	target, link := r.raw[0], r.raw[1]
	if sendsLinkFirst(c.sess.Program()) {
		target, link = link, target
	}
	n, err := vfs.ResolveName(vfs.Root, link)
	r.names, r.raw = []vfs.Name{n}, []string{target}
	return err
}

func symlink(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if n.Dir {
		// As on Linux, a link cannot be made by a name that is a directory's.
		if _, err := c.sess.Stat(c.ctx, n.Path); err != nil {
			return nil, err
		}
		return nil, vfs.ErrExist
	}
	to, err := vfs.ResolveTarget(n.Path, r.raw[0])
	if err != nil {
		return nil, err
	}
	return nil, c.sess.Symlink(c.ctx, to, n.Path)
}
