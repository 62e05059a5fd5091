package sftp

import (
	"encoding/binary"

	"filegate/core/vfs"
)

// present returns nil if the name fits what it refers to: a name with a slash at the end must be a
// directory.
func (c *channel) present(n vfs.Name) error { return n.Present(c.ctx, c.sess) }

// openDirName refuses to open a file by a name with a slash at the end.
func openDirName(c *channel, r *request) ([]byte, error) {
	return nil, r.names[0].Openable(c.ctx, c.sess, r.flags&openCreate != 0)
}

func attrsPacket(id uint32, info vfs.Info) []byte { return appendAttrs(answer(typeAttrs, id), info) }

// namePacket returns an answer with one name and no attributes.
func namePacket(id uint32, name string) []byte {
	name = vfs.UnescapeBytes(name)
	p := binary.BigEndian.AppendUint32(answer(typeName, id), 1)
	return binary.BigEndian.AppendUint32(appendString(appendString(p, name), name), 0)
}

func stat(c *channel, r *request) ([]byte, error) {
	info, err := c.sess.Stat(c.ctx, r.names[0].Path)
	if err == nil && r.names[0].Dir && !info.IsDir() {
		err = vfs.ErrNotDir
	}
	if err != nil {
		return nil, err
	}
	return attrsPacket(r.id, info), nil
}

// setAttributes sets the attributes of a file by its name.
func (c *channel) setAttributes(path vfs.Path, a attributes) error {
	if a.hasSize {
		size, err := a.fileSize()
		if err != nil {
			return err
		}
		if err := c.sess.Truncate(c.ctx, path, size); err != nil {
			return err
		}
	}
	if a.attrs.IsZero() {
		return nil
	}
	err := c.sess.SetAttrs(c.ctx, path, a.attrs)
	if err == nil {
		c.attrsSet(path, a.attrs)
	}
	return err
}

func setstat(c *channel, r *request) ([]byte, error) {
	if err := c.present(r.names[0]); err != nil {
		return nil, err
	}
	return nil, c.setAttributes(r.names[0].Path, r.attrs)
}

func mkdir(c *channel, r *request) ([]byte, error) {
	return nil, vfs.MkdirMode(c.ctx, c.sess, r.names[0].Path, r.attrs.creationMode())
}

func rmdir(c *channel, r *request) ([]byte, error) {
	err := c.sess.Rmdir(c.ctx, r.names[0].Path)
	if err == nil {
		c.removed(r.names[0].Path)
	}
	return nil, err
}

func remove(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if err := c.present(n); err != nil {
		return nil, err
	}
	if n.Dir {
		return nil, vfs.ErrIsDir
	}
	err := c.sess.Remove(c.ctx, n.Path)
	if err == nil {
		c.removed(n.Path)
	}
	return nil, err
}

func rename(c *channel, r *request) ([]byte, error) {
	return nil, c.rename(r, vfs.RenameOptions{})
}

// posixRename renames as rename(2) does: a file replaces a file, and a directory replaces an empty
// directory.
func posixRename(c *channel, r *request) ([]byte, error) {
	return nil, c.rename(r, vfs.RenameOptions{Replace: true})
}

func (c *channel) rename(r *request, opts vfs.RenameOptions) error {
	from, to := r.names[0], r.names[1]
	if from.Dir || to.Dir {
		// A slash at the end of either name means that a directory is renamed.
		if err := c.present(vfs.Name{Path: from.Path, Dir: true}); err != nil {
			return err
		}
	}
	err := c.sess.Rename(c.ctx, from.Path, to.Path, opts)
	if err == nil {
		c.renamed(from.Path, to.Path)
	}
	return err
}

// realpath makes a path absolute. It does not look up the path.
func realpath(_ *channel, r *request) ([]byte, error) {
	return namePacket(r.id, r.names[0].Path.String()), nil
}
