package sftp

import "filegate/core/vfs"

// fstat describes an open file or directory, also after a rename or removal.
func fstat(c *channel, r *request) ([]byte, error) {
	if r.handle.dir != nil {
		path, err := c.pathOf(r.handle)
		if err != nil {
			return nil, err
		}
		info, err := c.sess.Stat(c.ctx, path)
		if err != nil {
			return nil, err
		}
		return attrsPacket(r.id, info), nil
	}
	info, err := r.handle.file.info()
	if err != nil {
		return nil, err
	}
	if _, ok := r.handle.file.(*reader); ok {
		r.handle.mu.Lock()
		info = r.handle.attrs.Over(info)
		r.handle.mu.Unlock()
	}
	return attrsPacket(r.id, info), nil
}

// fsetstat sets the size and attributes of an open file. The size can be set only if the file is
// open for writing.
func fsetstat(c *channel, r *request) ([]byte, error) {
	if r.attrs.hasSize && !r.handle.writes() {
		return nil, vfs.Errorf(vfs.ErrInvalid, "the size cannot be set: the file is not open for writing")
	}
	w, ok := r.handle.file.(*writer)
	if !ok {
		path, err := c.pathOf(r.handle)
		if err != nil {
			return nil, err
		}
		return nil, c.setAttributes(path, r.attrs)
	}
	if r.attrs.hasSize {
		size, err := r.attrs.fileSize()
		if err != nil {
			return nil, err
		}
		if err := w.under.Truncate(size); err != nil {
			return nil, err
		}
	}
	if r.attrs.attrs.IsZero() {
		return nil, nil
	}
	return nil, w.under.SetAttrs(r.attrs.attrs)
}

// fsync answers after all earlier writes. It does nothing else, see the package's Decisions.
func fsync(_ *channel, r *request) ([]byte, error) {
	if w, ok := r.handle.file.(*writer); ok {
		return nil, w.failed()
	}
	return nil, nil
}
