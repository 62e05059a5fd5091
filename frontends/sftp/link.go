package sftp

import (
	"strings"

	"filegate/core/vfs"
)

// The target of a link is shown as a name relative to the link's directory. On a client that has
// mounted the server elsewhere, an absolute target would lead to a wrong place, and sshfs by
// default rejects absolute targets. All clients understand a relative one.

// lstat describes an entry without following a link. The size of a link is the length of its
// target, as in POSIX.
func lstat(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if n.Dir {
		return stat(c, r) // the slash at the end follows the link
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

// readlink answers with the target of a link.
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

// draftClients are prefixes of the names of client programs that send the names of SYMLINK in the
// draft's order, the link first, unless the server's name is OpenSSH. All other programs send the
// target first, as OpenSSH does.
var draftClients = []string{"libssh_", "libssh-", "phpseclib", "WinSCP", "AsyncSSH", "ssh2js"}

// sendsLinkFirst reports whether a program sends the names of SYMLINK in the draft's order.
func sendsLinkFirst(program string) bool {
	for _, name := range draftClients {
		if strings.HasPrefix(program, name) {
			return true
		}
	}
	return false
}

// checkSymlink sorts the two names of a SYMLINK: the link becomes the request's name, and the
// target becomes raw.
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
		// As on Linux, a link cannot be created under a name with a slash at the end.
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
